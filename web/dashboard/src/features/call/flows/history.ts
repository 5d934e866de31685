// Undo and redo: what was, what is, and what was taken back.

/** Most steps that can be taken back. */
export const HISTORY_MAX = 100;

export type History<T> = {
  past: T[];
  present: T;
  future: T[];
  /** What the last change was about; further changes of the same join it. */
  about: string | null;
};

export const begin = <T>(present: T): History<T> => ({ past: [], present, future: [], about: null });

/** Goes on to `next`. Changes in a row that are `about` the same, such as typing in one field, are one step. */
export function commit<T>(history: History<T>, next: T, about: string | null = null): History<T> {
  if (next === history.present) return history;
  if (about !== null && about === history.about) return { ...history, present: next, future: [] };
  return { past: [...history.past, history.present].slice(-HISTORY_MAX), present: next, future: [], about };
}

export function undo<T>(history: History<T>): History<T> {
  const before = history.past.at(-1);
  if (before === undefined) return history;
  return {
    past: history.past.slice(0, -1),
    present: before,
    future: [history.present, ...history.future],
    about: null,
  };
}

export function redo<T>(history: History<T>): History<T> {
  const [after, ...future] = history.future;
  if (after === undefined) return history;
  return { past: [...history.past, history.present], present: after, future, about: null };
}
