// The draft that is being drawn: its history, what is chosen, and its saving.

import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "react";
import { Refused } from "../../../api/client";
import type { FlowDocument } from "./document";
import { begin, commit, redo, undo, type History } from "./history";
import * as queries from "./queries";
import { DraftSaver, type Drafted } from "./saver";
import type { Finding } from "./words";

type State = { name: string; history: History<FlowDocument>; selected: string[] };
type Act =
  | { act: "commit"; document: FlowDocument; about?: string | null; select?: string[] }
  | { act: "undo" | "redo" }
  | { act: "select"; names: string[] }
  | { act: "rename"; name: string };

function reduce(state: State, action: Act): State {
  switch (action.act) {
    case "commit": {
      const history = commit(state.history, action.document, action.about ?? null);
      return { ...state, history, selected: action.select ?? state.selected };
    }
    case "undo":
    case "redo": {
      const history = (action.act === "undo" ? undo : redo)(state.history);
      return { ...state, history, selected: state.selected.filter((name) => name in history.present.nodes) };
    }
    case "select":
      return same(state.selected, action.names) ? state : { ...state, selected: action.names };
    case "rename":
      return { ...state, name: action.name };
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}

export function useDraft(flow: queries.Flow, editable: boolean) {
  const client = useQueryClient();
  const [state, dispatch] = useReducer(reduce, {
    name: flow.name,
    history: begin(flow.draft),
    selected: [],
  });
  const [findings, setFindings] = useState<readonly Finding[]>(flow.problems);
  const [, tell] = useReducer((n: number) => n + 1, 0);
  const document = state.history.present;
  const drafted = useMemo<Drafted>(() => ({ name: state.name, document }), [state.name, document]);

  const stored = useCallback(
    (answer: queries.Flow) => {
      setFindings(answer.problems);
      client.setQueryData(["flow", answer.id], answer);
      void client.invalidateQueries({ queryKey: ["flows"] });
    },
    [client],
  );
  const saverRef = useRef<DraftSaver<queries.Flow> | null>(null);
  saverRef.current ??= new DraftSaver<queries.Flow>(
    {
      send: ({ name, document: sending }, edits) => queries.saveDraft(flow.id, edits, name, sending),
      isConflict: (error) => error instanceof Refused && error.status === 409,
      saved: stored,
      told: tell,
    },
    drafted,
    flow.edits,
  );
  const saver = saverRef.current;

  useEffect(() => {
    if (editable) saver.change(drafted);
  }, [saver, drafted, editable]);

  useEffect(() => {
    const leaving = (event: BeforeUnloadEvent) => {
      if (!saver.clean) event.preventDefault();
    };
    window.addEventListener("beforeunload", leaving);
    return () => {
      window.removeEventListener("beforeunload", leaving);
      // Going to another page saves at once; nobody waits for it.
      if (saver.state !== "conflict") saver.flush().catch(() => undefined);
    };
  }, [saver]);

  /** The flow as the server holds it after a publication or a roll-back. */
  const adopt = (answer: queries.Flow) => {
    stored(answer);
    void client.invalidateQueries({ queryKey: ["flow", answer.id, "versions"] });
    const unchanged = JSON.stringify(answer.draft) === JSON.stringify(document);
    const next = unchanged ? document : answer.draft;
    dispatch({ act: "rename", name: answer.name });
    dispatch({ act: "commit", document: next, select: [] });
    saver.adopt({ name: answer.name, document: next }, answer.edits);
  };

  return {
    name: state.name,
    document,
    selected: state.selected,
    findings,
    saver,
    undo: state.history.past.length ? () => dispatch({ act: "undo" }) : undefined,
    redo: state.history.future.length ? () => dispatch({ act: "redo" }) : undefined,
    commit: (next: FlowDocument, options: { about?: string | null; select?: string[] } = {}) =>
      dispatch({ act: "commit", document: next, ...options }),
    select: (names: string[]) => dispatch({ act: "select", names }),
    rename: (name: string) => dispatch({ act: "rename", name }),
    publish: async () => {
      await saver.flush();
      adopt(await queries.publish(flow.id, saver.edits));
    },
    restore: async (version: number) => {
      await saver.flush();
      adopt(await queries.restore(flow.id, version, saver.edits));
    },
    /** Saves over what somebody else did meanwhile. */
    overwrite: async () => saver.overwrite((await queries.read(flow.id)).edits),
  };
}

export type Draft = ReturnType<typeof useDraft>;
