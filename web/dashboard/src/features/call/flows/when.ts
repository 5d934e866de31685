// What a branch asks of a call, as rows of a form and in words. A case is rows that must all, or any of them, be true;
// what is nested deeper is kept and told, and cannot be changed row by row.

import type { Test } from "./document";

/** How the value of a comparison is written. */
type ValueSort = "none" | "text" | "list" | "number";
export type Op = {
  id: string;
  name: string;
  /** What it is called turned round, where people ask that. */
  not?: string;
  value: ValueSort;
};
export type Subject = { id: string; name: string; hint?: string; ops: Op[] };

/** One row: what is looked at, how it is compared, with what; `not` turns it round. */
export type Row = { subject: string; tag: string; op: string; value: string; list: string[]; not: boolean };
export type Rows = { join: "all" | "any"; rows: Row[] };

const textOps: Op[] = [
  { id: "is", name: "is", not: "is not", value: "text" },
  { id: "is_one_of", name: "is one of", not: "is none of", value: "list" },
  { id: "starts_with", name: "starts with", not: "does not start with", value: "text" },
  { id: "contains", name: "contains", not: "does not contain", value: "text" },
  { id: "present", name: "is known", not: "is not known", value: "none" },
];

export const subjects: Subject[] = [
  { id: "source.channel", name: "Channel", hint: "paid_search", ops: textOps },
  { id: "source.source", name: "Source", hint: "google", ops: textOps },
  { id: "source.medium", name: "Medium", hint: "cpc", ops: textOps },
  { id: "source.ad_campaign", name: "Ad campaign", hint: "spring-roofs", ops: textOps },
  { id: "source.term", name: "Keyword", hint: "roof repair", ops: textOps },
  { id: "source.content", name: "Ad or placement", hint: "headline-b", ops: textOps },
  {
    id: "caller",
    name: "Caller's number",
    hint: "+12145550187",
    ops: [
      { id: "withheld", name: "is withheld", not: "is shown", value: "none" },
      { id: "number", name: "is one of", not: "is none of", value: "list" },
      { id: "prefix", name: "starts with", not: "does not start with", value: "text" },
    ],
  },
  {
    id: "caller.country",
    name: "Caller's country",
    hint: "US",
    ops: [{ id: "country", name: "is one of", not: "is none of", value: "list" }],
  },
  {
    id: "caller.area_code",
    name: "Caller's area code",
    hint: "214",
    ops: [{ id: "area_code", name: "is one of", not: "is none of", value: "list" }],
  },
  { id: "geo.state", name: "Caller's state", hint: "TX", ops: [{ id: "state", name: "is one of", not: "is none of", value: "list" }] },
  { id: "geo.place", name: "Caller's place", hint: "Dallas", ops: [{ id: "place", name: "is one of", not: "is none of", value: "list" }] },
  { id: "tag", name: "Tag", hint: "75201", ops: textOps },
  {
    id: "score",
    name: "Score",
    hint: "60",
    ops: [
      { id: "at_least", name: "is at least", not: "is not at least", value: "number" },
      { id: "below", name: "is below", not: "is not below", value: "number" },
      { id: "absent", name: "is missing", not: "is there", value: "none" },
    ],
  },
  {
    id: "repeat",
    name: "Earlier calls",
    hint: "3",
    ops: [
      { id: "first_time", name: "there were none", value: "none" },
      { id: "called_before", name: "there was one at least", value: "none" },
      { id: "calls_at_least", name: "there were at least", value: "number" },
    ],
  },
];

export const subjectOf = (id: string): Subject => subjects.find((each) => each.id === id) ?? (subjects[0] as Subject);
export const opOf = (row: Row): Op => {
  const ops = subjectOf(row.subject).ops;
  return ops.find((each) => each.id === row.op) ?? (ops[0] as Op);
};

/** A row of a subject as it begins. */
export function freshRow(subject: string): Row {
  const op = subjectOf(subject).ops[0] as Op;
  const value = op.value === "number" ? "60" : "";
  return { subject, tag: subject === "tag" ? "zip" : "", op: op.id, value, list: [], not: false };
}

/** The test that a row stands for. */
export function testOf(row: Row): Test {
  const test = plain(row);
  return row.not ? { not: test } : test;
}

function plain(row: Row): Test {
  const [sort, field] = row.subject.split(".") as [string, string | undefined];
  const op = opOf(row);
  const value =
    op.value === "list" ? row.list : op.value === "number" ? Math.max(0, Math.round(Number(row.value) || 0)) : row.value;
  const compared = op.id === "present" ? { present: true } : { [op.id]: value };
  if (sort === "source") return { source: { field, value: compared } };
  if (sort === "tag") return { tag: { name: row.tag, value: compared } };
  if (sort === "score") return { score: op.value === "none" ? op.id : { [op.id]: value } };
  if (sort === "repeat") return { repeat: op.value === "none" ? op.id : { [op.id]: value } };
  if (op.id === "withheld") return { caller: { withheld: true } };
  return { [sort]: { [op.id]: value } };
}

/** The row that stands for a test, or nothing where no row can. */
export function rowOf(test: Test): Row | undefined {
  const [sort, inner] = only(test);
  if (sort === "not") {
    const row = rowOf(inner as Test);
    return row && !row.not ? { ...row, not: true } : undefined;
  }
  if (sort === "source") {
    const { field, value } = inner as { field: string; value: object };
    return compare(`source.${field}`, "", value);
  }
  if (sort === "tag") {
    const { name, value } = inner as { name: string; value: object };
    return compare("tag", name, value);
  }
  if (sort === "score" || sort === "repeat") return compare(sort, "", inner as object | string);
  if (sort === "geo" || sort === "caller") {
    const [op] = only(inner as Test);
    const own = `${sort}.${op}`;
    return compare(subjects.some((each) => each.id === own) ? own : sort, "", inner as object);
  }
  return undefined;
}

function only(test: Test): [string, unknown] {
  if (typeof test === "string") return [test, undefined];
  return Object.entries(test)[0] ?? ["", undefined];
}

function compare(subject: string, tag: string, compared: object | string): Row | undefined {
  const found = subjects.find((each) => each.id === subject);
  const [id, value] = typeof compared === "string" ? [compared, undefined] : only(compared as Test);
  const op = found?.ops.find((each) => each.id === id);
  if (!op) return undefined;
  const row = { subject, tag, op: id, value: "", list: [] as string[], not: value === false };
  if (op.value === "list") return { ...row, list: Array.isArray(value) ? value.map(String) : [] };
  return op.value === "none" ? row : { ...row, value: String(value ?? "") };
}

/** The rows of a case, or nothing where it is nested deeper than rows go. */
export function rowsOf(test: Test): Rows | undefined {
  const [sort, inner] = only(test);
  if (sort === "all" || sort === "any") {
    const rows = (inner as Test[]).map(rowOf);
    return rows.every((row) => row !== undefined) ? { join: sort, rows: rows as Row[] } : undefined;
  }
  const row = rowOf(test);
  return row && { join: "all", rows: [row] };
}

/** The test of a case: a single row needs nothing around it. */
export function caseOf({ join, rows }: Rows): Test {
  const [first] = rows;
  return rows.length === 1 && first ? testOf(first) : { [join]: rows.map(testOf) };
}

/** A test in words: "caller's state is TX and medium is cpc". */
export function testWords(test: Test): string {
  const [sort, inner] = only(test);
  if (sort === "all" || sort === "any") {
    const parts = (inner as Test[]).map((each) => {
      const nested = ["all", "any"].includes(only(each)[0]);
      return nested ? `(${testWords(each)})` : testWords(each);
    });
    return parts.length ? parts.join(sort === "all" ? " and " : " or ") : sort === "all" ? "always" : "never";
  }
  const row = rowOf(test);
  if (row) return rowWords(row);
  return sort === "not" ? `not (${testWords(inner as Test)})` : sort;
}

function rowWords(row: Row): string {
  const name = row.subject === "tag" ? `tag ${row.tag || "…"}` : lower(subjectOf(row.subject).name);
  const op = opOf(row);
  const value = op.value === "list" ? row.list.join(", ") || "…" : op.value === "none" ? "" : row.value || "…";
  const one = op.value === "list" && row.list.length === 1;
  const verb = one ? (row.not ? "is not" : "is") : row.not ? (op.not ?? `not: ${op.name}`) : op.name;
  if (row.subject === "repeat") return repeatWords(row, value);
  return [name, verb, value].filter(Boolean).join(" ");
}

function repeatWords(row: Row, value: string): string {
  const said: Record<string, [string, string]> = {
    first_time: ["first call", "not the first call"],
    called_before: ["called before", "never called before"],
    calls_at_least: [`called ${value} times or more`, `called less than ${value} times`],
  };
  return (said[row.op] ?? ["", ""])[row.not ? 1 : 0];
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
