// The filters of the call log: between the address bar, the API's query and words. Pure.

import { DAY, startOfDay } from "../../base/time";

export type CallFilters = {
  time: string;
  result: string;
  channel: string;
  source: string;
  medium: string;
  site: string;
  number: string;
  caller: string;
  missed: boolean;
  ambiguous: boolean;
  recorded: boolean;
  live: boolean;
  synthetic: boolean;
};

export const noFilters: CallFilters = {
  time: "",
  result: "",
  channel: "",
  source: "",
  medium: "",
  site: "",
  number: "",
  caller: "",
  missed: false,
  ambiguous: false,
  recorded: false,
  live: false,
  synthetic: false,
};

export const timeChoices = [
  { value: "today", label: "today" },
  { value: "yesterday", label: "yesterday" },
  { value: "7d", label: "last 7 days" },
  { value: "30d", label: "last 30 days" },
];

const flags = ["missed", "ambiguous", "recorded", "live", "synthetic"] as const;
const texts = ["time", "result", "channel", "source", "medium", "site", "number", "caller"] as const;

/** Reads an address; what it does not know stays without effect. */
export function fromAddress(search: string): CallFilters {
  const params = new URLSearchParams(search);
  const filters = { ...noFilters };
  for (const name of texts) filters[name] = params.get(name) ?? "";
  for (const name of flags) filters[name] = params.get(name) === "1";
  return filters;
}

/** The shortest address for these filters, always in the same order so that equal views have equal addresses. */
export function toAddress(filters: CallFilters): string {
  const params = new URLSearchParams();
  for (const name of texts) if (filters[name]) params.set(name, filters[name]);
  for (const name of flags) if (filters[name]) params.set(name, "1");
  return params.toString();
}

export type CallQuery = {
  from?: number;
  to?: number;
  result?: string;
  channel?: string;
  source?: string;
  medium?: string;
  site?: string;
  number?: string;
  caller?: string;
  missed?: boolean;
  ambiguous?: boolean;
  recorded?: boolean;
  live?: boolean;
  synthetic?: boolean;
};

/** What the API is asked; "today" begins at midnight of the account's zone. */
export function toQuery(filters: CallFilters, now: number, zone: string): CallQuery {
  const { time, ...rest } = filters;
  const query: CallQuery = { ...range(time, now, zone) };
  for (const [name, value] of Object.entries(rest)) {
    if (value) Object.assign(query, { [name]: value });
  }
  return query;
}

function range(time: string, now: number, zone: string): Pick<CallQuery, "from" | "to"> {
  const midnight = startOfDay(now, zone);
  switch (time) {
    case "today":
      return { from: midnight };
    case "yesterday":
      return { from: startOfDay(now, zone, 1), to: midnight };
    // Whole minutes: the query is part of a cache key and must not change with every render.
    case "7d":
      return { from: Math.floor((now - 7 * DAY) / 60_000) * 60_000 };
    case "30d":
      return { from: Math.floor((now - 30 * DAY) / 60_000) * 60_000 };
    default:
      return {};
  }
}

/** The API's query as text, for the CSV link. */
export function queryText(query: CallQuery): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, String(value));
  return params.toString();
}

export type View = { name: string; search: string; count?: "all" | "today" | "live" | "ambiguous" | "missed" };

/** The views everybody has; a person's own come after them. */
export const builtInViews: View[] = [
  { name: "All", search: "", count: "all" },
  { name: "Today", search: "time=today", count: "today" },
  { name: "Live", search: "live=1", count: "live" },
  { name: "Ambiguous", search: "ambiguous=1", count: "ambiguous" },
  { name: "Missed", search: "missed=1", count: "missed" },
];
