// Sends the items of a list as the file or text they are in; the typed client speaks JSON only.

import type { Schema } from "@trunkline/api-client";
import { Refused } from "../../api/client";

export type BadItems = { problems: { place: string; message: string }[] };
type Filled = { list: Schema<"ItemList"> };

/** Whether a file is read as CSV. */
export function isCsv(file: { name: string; type: string }): boolean {
  return file.type === "text/csv" || file.name.toLowerCase().endsWith(".csv");
}

/** Fills a list; items that cannot be read are an answer, everything else that goes wrong is a refusal. */
export async function fillList(
  id: string,
  body: Blob | string,
  { csv, header }: { csv: boolean; header: boolean },
): Promise<Filled | BadItems> {
  let response: Response;
  try {
    response = await fetch(`/api/v1/lists/${id}/items${header ? "?header=true" : ""}`, {
      method: "PUT",
      headers: { "content-type": csv ? "text/csv" : "text/plain" },
      body,
      credentials: "same-origin",
    });
  } catch {
    throw new Refused(0, "The server did not answer. Check the connection and try again.", null);
  }
  const answer: unknown = await response.json().catch(() => ({}));
  if (response.ok) return { list: answer as Schema<"ItemList"> };
  const problem = answer as Partial<Schema<"Problem">>;
  if (response.status === 422 && problem.problems?.length) return { problems: problem.problems };
  throw new Refused(
    response.status,
    problem.detail || problem.title || `The server answered with status ${response.status}.`,
    problem.field ?? null,
  );
}

/** An item as a list is asked for it: of what a person writes, a North American number becomes E.164, for hashes too. */
export function asKept(kind: string, text: string): string {
  const trimmed = text.trim();
  if (!["numbers", "hashes"].includes(kind) || !/^[\d\s().+-]+$/.test(trimmed)) return trimmed;
  const digits = trimmed.replace(/\D/g, "");
  if (trimmed.startsWith("+")) return `+${digits}`;
  if (digits.length === 10) return `+1${digits}`;
  return digits.length === 11 && digits.startsWith("1") ? `+${digits}` : trimmed;
}
