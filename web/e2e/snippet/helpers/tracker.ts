/**
 * A scripted stand-in for the snippet endpoints: answers `assign` and `event` as the test says, after a delay like
 * that of a real connection, and keeps a log of what was asked.
 */
import { bodyOf, serve, type Served } from "./serve.ts";
import { core, extras, type Config, type Rule } from "./block.ts";

export interface AssignRequest {
  v: number;
  c: number;
  page: string;
  ref: string;
  token?: string | null;
  consent: 0 | 1 | 2;
  want?: 0 | 1;
}

export interface Answer {
  token: string | null;
  numbers: { t: string; n: string; f?: string }[];
  kind: "pool" | "source" | "static" | "none";
  ttl: number;
  beat: number;
  c: number;
  w?: "view" | "intent";
}

export interface Event {
  k: "shown" | "beat" | "page" | "tap" | "form";
  swaps?: number;
  page?: string;
  ref?: string;
  n?: string;
  ago?: number;
  phone?: string;
  name?: string;
  email?: string;
  zip?: string;
  consent?: string;
}

export interface Asked {
  path: "assign" | "event" | "core" | "extras" | "preview" | "preflight";
  type: string | undefined;
  at: number;
  assign?: AssignRequest;
  event?: { v: number; c: number; token: string; events: Event[] };
}

export const PRINTED = "+12145550100";
export const POOL = "+13125557788";
export const MAIN = "swt_main";

/** A reply, or a wait for ever. */
export type Reply = { status: number; body?: unknown } | "hang";

export class Tracker {
  readonly log: Asked[] = [];
  /** Added to every answer, like the way to a server elsewhere. */
  latencyMs = 20;
  targets: Config["t"] = [[MAIN, PRINTED]];
  rules: Rule[] = [];
  /** What is unusual in the site's settings. */
  settings: Partial<Pick<Config, "o" | "d" | "e">> = {};
  siteKey = "k1";
  answers: (request: AssignRequest) => Reply | Promise<Reply>;
  events: (token: string) => Reply = () => ({ status: 204 });
  coreReply: () => "send" | "hang" = () => "send";
  extrasReply: () => "send" | "hang" = () => "send";
  previews: () => Reply = () => ({ status: 403, body: {} });
  private waiting: { test: (asked: Asked) => boolean; found: (asked: Asked) => void }[] = [];
  private served!: Served;
  private tokens = 0;

  constructor() {
    this.answers = () => ({ status: 200, body: this.answer() });
  }

  async start(port = 0) {
    this.served = await serve(async (request, response, { pathname }) => {
      const kind = pathname.includes("/core.") ? "core" : pathname.includes("/extras.") ? "extras" : request.method == "OPTIONS" ? "preflight" : pathname.endsWith("/assign") ? "assign" : pathname.endsWith("/preview") ? "preview" : "event";
      const asked: Asked = { path: kind, type: request.headers["content-type"], at: Date.now() };
      const text = await bodyOf(request);
      if (kind == "assign") asked.assign = JSON.parse(text) as AssignRequest;
      if (kind == "event") asked.event = JSON.parse(text) as Asked["event"];
      this.record(asked);
      const reply: Reply =
        kind == "extras"
          ? this.extrasReply() == "hang"
            ? "hang"
            : { status: 200 }
          : kind == "preview"
          ? this.previews()
          : kind == "core"
          ? this.coreReply() == "hang"
            ? "hang"
            : { status: 200 }
          : kind == "assign"
            ? await this.answers(asked.assign as AssignRequest)
            : kind == "event"
              ? this.events(asked.event!.token)
              : { status: 204 };
      if (reply == "hang") return;
      await new Promise((resolve) => setTimeout(resolve, this.latencyMs));
      response.statusCode = reply.status;
      // No credentials, as the server does it.
      if (request.headers.origin) response.setHeader("Access-Control-Allow-Origin", request.headers.origin);
      if (kind == "core" || kind == "extras") {
        response.setHeader("Content-Type", "text/javascript");
        response.setHeader("Cache-Control", "public, max-age=31536000, immutable");
        response.end(kind == "core" ? core() : extras());
      } else if (reply.body === undefined) response.end();
      else {
        response.setHeader("Content-Type", reply.status == 200 ? "application/json" : "application/problem+json");
        response.end(typeof reply.body == "string" ? reply.body : JSON.stringify(reply.body));
      }
    }, port);
    return this;
  }

  get origin() {
    return this.served.origin;
  }

  get port() {
    return this.served.port;
  }

  close() {
    return this.served.close();
  }

  config(over: Partial<Config> = {}): Config {
    return {
      v: 1,
      c: 7,
      u: `${this.origin}/t/${this.siteKey}`,
      k: `${this.origin}/t/core.00000000.js`,
      t: this.targets,
      r: this.rules,
      o: "*",
      d: 1,
      ...this.settings,
      ...over,
    };
  }

  answer(over: Partial<Answer> = {}): Answer {
    return { token: `token-${++this.tokens}`, numbers: [{ t: MAIN, n: POOL }], kind: "pool", ttl: 1800, beat: 20, c: 7, ...over };
  }

  private record(asked: Asked) {
    this.log.push(asked);
    this.waiting = this.waiting.filter(({ test, found }) => !test(asked) || (found(asked), false));
  }

  /** The first request, made already or yet to come, that fits. */
  asked(test: (asked: Asked) => boolean): Promise<Asked> {
    const before = this.log.find(test);
    return before ? Promise.resolve(before) : new Promise((found) => this.waiting.push({ test, found }));
  }

  /** The next request that fits, not counting those already made. */
  next(test: (asked: Asked) => boolean): Promise<Asked> {
    return new Promise((found) => this.waiting.push({ test, found }));
  }

  of(path: Asked["path"]) {
    return this.log.filter((asked) => asked.path == path);
  }

  /** All events of a kind so far. */
  told(kind: Event["k"]): Event[] {
    return this.of("event").flatMap((asked) => asked.event!.events.filter((event) => event.k == kind));
  }
}

export const isAssign = (asked: Asked) => asked.path == "assign";
export const tells = (kind: Event["k"]) => (asked: Asked) => !!asked.event?.events.some((event) => event.k == kind);
