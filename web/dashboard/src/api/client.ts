// The one client of the management API, and what a refused request becomes for the page.

import { createApi, type Schema } from "@trunkline/api-client";

export const api = createApi("");

type Problem = Schema<"Problem">;

/** A request the server refused, or that never reached it (status 0). */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** The input the refusal is about, by its name in the request. */
    readonly field: string | null,
    /** What is wrong in a document, with its places. */
    readonly problems: readonly { place: string; message: string }[] = [],
  ) {
    super(message);
    this.name = "Refused";
  }
}

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** Hears about every answer that says "not signed in"; the session gate listens. */
let signedOut: () => void = () => {};
export function onSignedOut(listener: () => void): void {
  signedOut = listener;
}

/** The data of an answer, or a `Refused` with words fit to show. */
export async function take<T>(request: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await request;
  } catch {
    throw new Refused(0, "The server did not answer. Check the connection and try again.", null);
  }
  if (answer.response.ok) return answer.data as T;
  const problem = (answer.error ?? {}) as Partial<Problem>;
  const status = answer.response.status;
  const words = problem.detail || problem.title || `The server answered with status ${status}.`;
  if (status === 401 && !answer.response.url.endsWith("/login")) signedOut();
  throw new Refused(status, words, problem.field ?? null, problem.problems ?? []);
}

/** Words for any error that a query or a mutation may end with. */
export function words(error: unknown): string {
  return error instanceof Error ? error.message : "Something went wrong.";
}
