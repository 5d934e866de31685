// Saves a draft by itself, a moment after the last change: one request at a time, always with the latest, never over
// somebody else's work.

import type { FlowDocument } from "./document";

/** How long nothing changes before the draft is saved. */
export const SAVE_AFTER_MS = 700;

export type Drafted = { name: string; document: FlowDocument };
/** `conflict`: somebody else changed the flow, and a person has to choose. */
export type SaveState = "saved" | "waiting" | "saving" | "failed" | "conflict";

export class DraftSaver<Answer extends { edits: number }> {
  state: SaveState = "saved";
  error: unknown = null;
  private stored: Drafted;
  private wanted: Drafted;
  private running: Promise<void> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly parts: {
      send: (drafted: Drafted, edits: number) => Promise<Answer>;
      /** Whether an error says that the flow was changed since. */
      isConflict: (error: unknown) => boolean;
      saved: (answer: Answer) => void;
      told: () => void;
    },
    drafted: Drafted,
    public edits: number,
  ) {
    this.stored = this.wanted = drafted;
  }

  get clean(): boolean {
    return this.wanted === this.stored;
  }

  /** The draft is this now; it is saved soon. */
  change(drafted: Drafted): void {
    if (drafted.name === this.wanted.name && drafted.document === this.wanted.document) return;
    this.wanted = drafted;
    if (this.state === "conflict") return;
    this.tell("waiting");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush().catch(() => undefined), SAVE_AFTER_MS);
  }

  /** Saves what there is now.
   * @throws what the server or the network said */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    while (this.running) await this.running.catch(() => undefined);
    if (this.clean) return;
    this.running = this.once();
    try {
      await this.running;
    } finally {
      this.running = null;
    }
    // Typing went on meanwhile: the timer of that change saves it.
  }

  /** The server holds this now, from another way of changing it: a publication, a roll-back. */
  adopt(drafted: Drafted, edits: number): void {
    clearTimeout(this.timer);
    this.stored = this.wanted = drafted;
    this.edits = edits;
    this.tell("saved");
  }

  /** Saves over what somebody else did, whose last change is `edits`. */
  async overwrite(edits: number): Promise<void> {
    this.edits = edits;
    this.tell("waiting");
    await this.flush();
  }

  private async once(): Promise<void> {
    const sending = this.wanted;
    this.tell("saving");
    try {
      const answer = await this.parts.send(sending, this.edits);
      this.edits = answer.edits;
      this.stored = sending;
      this.parts.saved(answer);
      this.tell(this.clean ? "saved" : "waiting");
    } catch (error) {
      this.tell(this.parts.isConflict(error) ? "conflict" : "failed", error);
      throw error;
    }
  }

  private tell(state: SaveState, error: unknown = null): void {
    this.state = state;
    this.error = error;
    this.parts.told();
  }
}
