// What people write about distribution, as the core defines it: terms of contracts, of feeds, and route plans.

import type { Holiday, WeeklyBlock } from "../call/flows/document";

/** A decimal as documents hold it: a whole number, or a text such as "2.5". */
export type Decimal = number | string;

export type Schedule = { zone: string; weekly: WeeklyBlock[]; holidays?: Holiday[] };

export type ValueTest = Record<string, unknown>;
export type Filter =
  | { all: Filter[] }
  | { any: Filter[] }
  | { not: Filter }
  | { tag: { name: string; value: ValueTest } }
  | { field: { name: string; value: ValueTest } }
  | { when: WeeklyBlock }
  | { zip_within: { zip: string; miles: Decimal } };

export type CapUnit = "offered" | "connected" | "billable" | "revenue" | "payout";
export type Period = "minute" | "hour" | "day" | "week" | "month" | "all";
export type Cap = {
  /** Left out of a new cap: it gets one. */
  id?: string;
  name?: string;
  counts?: CapUnit;
  max: Decimal;
  window: { period: Period; rolling?: boolean; zone?: string };
  per_feed?: boolean;
  when?: Filter;
  pacing?: { catch_up_percent?: number };
  caps?: Cap[];
};

export type Rate =
  | { fixed: Decimal }
  | { tiered: { from_s: number; amount: Decimal }[] }
  | { per_bid: Record<string, never> }
  | { percent_of_other: Decimal }
  | { per_minute: { amount: Decimal; increment_s?: number; most_s: number } }
  | { base_and_bonus: { base: Decimal; bonus: Decimal; bonus_from_s: number } }
  | { volume: { from: number; amount: Decimal }[] }
  | { reported: { most: Decimal } };
export type PriceRule = { name?: string; when?: Filter; schedule?: Schedule; rate: Rate };
export type PriceRules = { billable_from_s?: number; rules: PriceRule[] };

export type DuplicateRule = {
  scope: "contract" | "buyer" | "buyer_company" | "campaign" | "feed" | "account";
  after?: "any" | "connected" | "billable";
  within_h?: number;
  fields?: ("phone" | "email")[];
  all_fields?: boolean;
  action: "skip" | "other_buyer" | "unpaid" | "block" | "flow";
};

/** Who must not be sold, as a campaign says it: lists by their ids. */
export type Compliance = {
  do_not_call?: string[];
  litigators?: string[];
  attestation_min?: "full" | "partial" | "gateway";
};

/** How long recordings of a campaign's calls are kept. */
export type Keep = "as_account" | "for_ever" | { days: number };

/** What one level says of contracts. */
export type Layer = {
  paused?: boolean;
  schedule?: Schedule;
  last_call_s?: number;
  filter?: Filter;
  suppressed_by?: string[];
  caps?: Cap[];
  concurrency_max?: number;
  reservation_percent?: number;
  price?: PriceRules;
  payment?: "prepaid" | "net_terms";
  duplicates?: DuplicateRule[];
  priority?: number;
  weight?: number;
  ring_timeout_s?: number;
  recovery_s?: number;
  prior_connects_max?: number;
  bid_timeout_ms?: number;
  bid_max?: Decimal;
};

/** What a feed says. */
export type FeedDocument = {
  paused?: boolean;
  schedule?: Schedule;
  caps?: Cap[];
  payout?: PriceRules;
  duplicates?: DuplicateRule[];
  rate?: { per_minute: number; burst?: number };
  pings?: {
    ping_valid_s?: number;
    bid_valid_s?: number;
    deadline_ms?: number;
    bid_min?: Decimal;
    on_mismatch?: "ordinary" | "reject";
  };
};

export type Method = "waterfall" | "weighted" | "round_robin" | "performance" | "simultaneous" | "auction";
export type Member = {
  to: { contract: string } | { group: string };
  priority?: number;
  weight?: number;
  flat?: boolean;
};
export type Group = {
  method: Method;
  members: Member[];
  filter?: Filter;
  schedule?: Schedule;
  caps?: Cap[];
  concurrency_max?: number;
  performance?: Record<string, unknown>;
  auction?: Record<string, unknown>;
};
export type RoutePlan = { schema: 1; start: string; attempts_max?: number; groups: Record<string, Group> };

/** Without what is not said, so that a document holds only what somebody wrote. */
export function said<T extends object>(document: T): T {
  const kept = Object.entries(document).filter(([, value]) => {
    if (value === undefined || value === null || value === false || value === "") return false;
    return !(Array.isArray(value) && value.length === 0);
  });
  return Object.fromEntries(kept) as T;
}

/** A document with one field set, or taken out when it says nothing. */
export function withField<T extends object, K extends keyof T>(document: T, field: K, value: T[K] | undefined): T {
  const { [field]: _, ...rest } = document;
  if (value === undefined) return rest as T;
  return { ...rest, [field]: value } as T;
}

/** Whether a text is a decimal as documents take it. */
export function isDecimal(text: string): boolean {
  return /^\d{1,12}(\.\d{1,6})?$/.test(text.trim());
}

/** A decimal as it is kept: a whole number where it is one, else its text; nothing where there is none. */
export function decimal(text: string): Decimal | undefined {
  const trimmed = text.trim();
  if (!isDecimal(trimmed)) return undefined;
  const number = Number(trimmed);
  return Number.isSafeInteger(number) ? number : trimmed;
}
