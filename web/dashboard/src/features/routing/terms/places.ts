// Where in a document something is wrong, as people call the place.

const names: Record<string, string> = {
  schedule: "Hours",
  filter: "Filter",
  caps: "Caps",
  price: "Price",
  payout: "Payout",
  duplicates: "Duplicates",
  suppressed_by: "Suppression lists",
  concurrency_max: "Calls at the same time",
  reservation_percent: "Place of a bid",
  priority: "Priority",
  weight: "Weight",
  ring_timeout_s: "Rings for",
  recovery_s: "Hang-up that counts as no answer",
  prior_connects_max: "Connections before",
  bid_timeout_ms: "Wait for a bid",
  bid_max: "Largest bid",
  last_call_s: "Last call",
  rate: "Requests",
  pings: "Pings",
  groups: "Group",
  attempts_max: "Attempts",
  start: "Beginning",
  schema: "Schema",
};

/** "Caps, 2" for `caps[1].max`; "Group main" for `groups.main.members[0]`. */
export function placeWords(place: string): string {
  if (!place) return "As a whole";
  const [first = "", ...rest] = place.split(".");
  const [, word = first, index] = /^([a-z_]+)(?:\[(\d+)\])?$/.exec(first) ?? [];
  const name = names[word] ?? word.replaceAll("_", " ");
  if (word === "groups" && rest[0]) return `Group ${rest[0]}`;
  return index === undefined ? name : `${name}, ${Number(index) + 1}`;
}
