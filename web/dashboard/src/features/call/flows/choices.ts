// The call flows that a number or a site can name.

import type { Schema } from "@trunkline/api-client";

/** Those that are published and not put away, and the one that is named already. */
export function flowChoices(
  flows: readonly Schema<"FlowSummary">[],
  named: Schema<"Named"> | null | undefined,
): { value: string; label: string }[] {
  const ready = flows.filter((flow) => flow.version && !flow.archived_at);
  const choices = ready.map((flow) => ({ value: flow.id, label: flow.name }));
  if (!named || choices.some((choice) => choice.value === named.id)) return choices;
  return [{ value: named.id, label: named.name }, ...choices];
}
