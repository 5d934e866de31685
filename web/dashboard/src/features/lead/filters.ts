// The filters of the lead log: read from the address, and turned into what the API is asked.

const DAY = 86_400_000;

export const names = ["campaign", "publisher", "feed", "buyer", "state", "person", "test", "time"] as const;
export type Name = (typeof names)[number];
export type Filters = Partial<Record<Name, string>>;

export const timeChoices = [
  { value: "1d", label: "Last 24 hours" },
  { value: "7d", label: "Last 7 days" },
  { value: "30d", label: "Last 30 days" },
];
export const testChoices = [
  { value: "false", label: "No tests" },
  { value: "true", label: "Tests alone" },
];

export function fromAddress(search: string): Filters {
  const params = new URLSearchParams(search);
  const found: Filters = {};
  for (const name of names) {
    const value = params.get(name);
    if (value) found[name] = value;
  }
  return found;
}

export function toAddress(filters: Filters): string {
  const params = new URLSearchParams();
  for (const name of names) {
    const value = filters[name];
    if (value) params.set(name, value);
  }
  return params.toString();
}

type Query = {
  campaign?: string;
  publisher?: string;
  feed?: string;
  buyer?: string;
  state?: string;
  person?: string;
  test?: boolean;
  from?: number;
};

/** What the API is asked. Whole minutes: it is part of a cache key and must not change with every render. */
export function toQuery({ time, test, ...rest }: Filters, now: number): Query {
  const days = /^(\d{1,3})d$/.exec(time ?? "")?.[1];
  return {
    ...rest,
    ...(test === "true" || test === "false" ? { test: test === "true" } : {}),
    ...(days ? { from: Math.floor((now - Number(days) * DAY) / 60_000) * 60_000 } : {}),
  };
}

/** The same as text, for the link to the CSV file. */
export function queryText(query: Query): string {
  return new URLSearchParams(Object.entries(query).map(([name, value]): [string, string] => [name, String(value)])).toString();
}
