// A filter as a tree: what is put into it, taken out and turned round, and whether it can be saved.

import type { Filter } from "../documents";
import { readTest } from "../words";

/** Deepest nesting that the form offers. */
export const DEPTH_MAX = 5;

export type Fresh = "field" | "tag" | "when" | "zip_within" | "any" | "all";

/** A test as it begins. */
export function fresh(kind: Fresh): Filter {
  switch (kind) {
    case "field":
      return { field: { name: "state", value: { is_one_of: [] } } };
    case "tag":
      return { tag: { name: "", value: { is: "" } } };
    case "when":
      return { when: { days: ["mon", "tue", "wed", "thu", "fri"], from: "09:00", to: "17:00" } };
    case "zip_within":
      return { zip_within: { zip: "", miles: 25 } };
    case "any":
      return { any: [fresh("field")] };
    case "all":
      return { all: [fresh("field")] };
  }
}

/** Without what turns it round. */
export function plain(filter: Filter): Filter {
  return "not" in filter ? plain(filter.not) : filter;
}

/** Turned round; what is turned round already is turned back. */
export function negated(filter: Filter): Filter {
  return "not" in filter ? filter.not : { not: filter };
}

const partsOf = (filter: Filter): Filter[] => ("all" in filter ? filter.all : "any" in filter ? filter.any : []);
const withParts = (filter: Filter, parts: Filter[]): Filter => ("any" in filter ? { any: parts } : { all: parts });

export function addTo(group: Filter, part: Filter): Filter {
  return withParts(group, [...partsOf(group), part]);
}

export function replaceIn(group: Filter, place: number, part: Filter): Filter {
  return withParts(
    group,
    partsOf(group).map((each, i) => (i === place ? part : each)),
  );
}

/** Without one of its parts; nothing when none is left. */
export function removeFrom(group: Filter, place: number): Filter | undefined {
  const left = partsOf(group).filter((_, i) => i !== place);
  return left.length ? withParts(group, left) : undefined;
}

export function depthOf(filter: Filter): number {
  if ("not" in filter) return depthOf(filter.not);
  const parts = partsOf(filter);
  return 1 + Math.max(0, ...parts.map(depthOf));
}

/** What keeps a filter from being saved, or nothing. */
export function filterProblem(filter: Filter | undefined): string | undefined {
  if (!filter) return undefined;
  const inner = plain(filter);
  if ("all" in inner || "any" in inner) {
    const parts = partsOf(inner);
    if (parts.length === 0) return "A group of tests is empty: add one, or remove the group";
    return parts.map(filterProblem).find((problem) => problem !== undefined);
  }
  if ("zip_within" in inner) return /^\d{5}$/.test(inner.zip_within.zip) ? undefined : "A distance needs a ZIP code of five digits";
  if ("when" in inner) return inner.when.days.length ? undefined : "Choose a day for the time of a filter";
  if (!("tag" in inner) && !("field" in inner)) return undefined;
  if ("tag" in inner && !inner.tag.name.trim()) return "Write the name of the tag that a filter asks about";
  const { test, with: value } = readTest("tag" in inner ? inner.tag.value : inner.field.value);
  if (test === "present" || test === "absent") return undefined;
  const missing = value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
  return missing ? "A test of the filter has no value yet" : undefined;
}
