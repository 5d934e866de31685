// Sends a table of leads as the file it is in; the typed client speaks JSON only.

import type { Schema } from "@trunkline/api-client";
import { Refused } from "../../api/client";

export type Imported = Schema<"ImportedLeads">;

/** Takes the rows of a CSV file in, or says what would become of them. */
export async function importLeads(feed: string, file: Blob, { dry, test }: { dry: boolean; test: boolean }): Promise<Imported> {
  let response: Response;
  try {
    response = await fetch(`/api/v1/feeds/${feed}/import?dry_run=${dry}&test=${test}`, {
      method: "POST",
      headers: { "content-type": "text/csv" },
      body: file,
      credentials: "same-origin",
    });
  } catch {
    throw new Refused(0, "The server did not answer. Check the connection and try again.", null);
  }
  const answer: unknown = await response.json().catch(() => ({}));
  if (response.ok) return answer as Imported;
  const problem = answer as Partial<Schema<"Problem">>;
  const places = (problem.problems ?? []).map((each) => `${each.place}: ${each.message}`);
  throw new Refused(
    response.status,
    places.length ? places.join("; ") : problem.detail || problem.title || `The server answered with status ${response.status}.`,
    problem.field ?? null,
  );
}
