// An opportunity as the API tells it, with a line of each kind in its trace, for pages that are looked at without any calls.

const named = (id: string, name: string) => ({ id, name });
const at = Date.parse("2026-11-27T14:03:08Z");

type Some = Record<string, unknown>;

const line = (n: number, buyer: string, contract: string, some: Some) => ({
  contract: named(`ctr_000000000000${n}`, contract),
  buyer: named(`buy_000000000000${n}`, buyer),
  destination: named(`dst_000000000000${n}`, "Front desk"),
  version: 1,
  became: "stopped",
  attempt: null,
  outcome: null,
  price_micros: null,
  unpaid: false,
  reason: null,
  told: "",
  compared: [],
  ...some,
});

const number = (name: string, value: number) => ({ name, value, unit: "number" });

const trace = [
  line(1, "Tallgrass Roofing", "Storm, Dallas", {
    became: "sold",
    attempt: 2,
    outcome: "taken",
    price_micros: 48_000_000,
    told: "It has it.",
  }),
  line(2, "Prairie Star", "Roofing, TX", {
    became: "tried",
    attempt: 1,
    outcome: "no_answer",
    price_micros: 50_000_000,
    told: "Did not answer.",
  }),
  line(3, "Lakeline Exteriors", "Dallas", {
    became: "planned",
    attempt: 3,
    price_micros: 45_000_000,
    told: "Was to be asked, as number 3.",
  }),
  line(4, "Hailstone Roofs", "Storm, TX", {
    reason: { code: "CAP_REACHED", sentence: "A cap is reached." },
    told: "Over the cap Days of the buyer Hailstone Roofs.",
    compared: [number("used", 40), number("reserved", 0), number("more", 1), number("at most", 40)],
  }),
  line(5, "Redbrick Roofing", "Any roof", {
    reason: { code: "FILTER_MISMATCH", sentence: "A filter of the contract does not let it through." },
    told: "The filter of the contract: score at least 90 is wanted; it is `86`.",
  }),
  line(6, "Gulfline Dryout", "Water", {
    reason: { code: "BALANCE_LOW", sentence: "The buyer's balance does not cover the price." },
    told: "The balance of the buyer Gulfline Dryout does not cover the price.",
    compared: [
      { name: "available", value: 12_500_000, unit: "money" },
      { name: "price", value: 95_000_000, unit: "money" },
    ],
  }),
  line(7, "Metal & Slate", "Metal roofs", {
    reason: { code: "BUYER_DUPLICATE", sentence: "The buyer had the same person before." },
    told: "The same person came before and went to Metal & Slate.",
    compared: [{ name: "came before", value: at - 5 * 86_400_000, unit: "time" }],
  }),
];

const summary = (n: number, some: Some) => ({
  id: `opp_000000000000${n}`,
  kind: "call",
  call: null,
  state: "sold",
  campaign: named("camp_0000000000001", "Storm damage"),
  publisher: named("pub_0000000000001", "BrightLead Media"),
  feed: null,
  buyer: named("buy_0000000000001", "Tallgrass Roofing"),
  contract: named("ctr_0000000000001", "Storm, Dallas"),
  reason: null,
  came_at: at - n * 331_000,
  ended_at: at - n * 331_000 + 258_000,
  phone_display: `(214) 555-01${String(80 + n)}`,
  currency: "USD",
  revenue_micros: 48_000_000,
  payout_micros: 31_000_000,
  ...some,
});

const unsold = (n: number, code: string, sentence: string, some: Some = {}) =>
  summary(n, {
    state: "unsold",
    buyer: null,
    contract: null,
    revenue_micros: null,
    payout_micros: null,
    reason: { code, sentence },
    ...some,
  });

export const opportunity = {
  ...summary(1, { came_at: at }),
  asked: {
    tags: { own_home: "yes", roof: "shingle" },
    zip: "75214",
    state: "TX",
    country: "US",
    source: null,
    score: 86,
    attestation: "full",
    times_before: 0,
  },
  plan_version: 4,
  feed_version: null,
  stopped: null,
  planned: [trace[1], trace[0], trace[2]].map((each) => ({ how: "one", group: null, contracts: [each?.contract] })),
  trace,
  attempts: [
    {
      n: 1,
      contract: named("ctr_0000000000002", "Roofing, TX"),
      destination: named("dst_0000000000002", "Front desk"),
      buyer: named("buy_0000000000002", "Prairie Star"),
      version: 1,
      price_micros: 50_000_000,
      bid_micros: null,
      started_at: at + 12_000,
      connected_at: null,
      ended_at: at + 32_000,
      connected_ms: null,
      outcome: "no_answer",
      reason: null,
      revenue_micros: null,
      billable: false,
    },
    {
      n: 2,
      contract: named("ctr_0000000000001", "Storm, Dallas"),
      destination: named("dst_0000000000001", "Front desk"),
      buyer: named("buy_0000000000001", "Tallgrass Roofing"),
      version: 1,
      price_micros: 48_000_000,
      bid_micros: null,
      started_at: at + 32_000,
      connected_at: at + 36_000,
      ended_at: at + 294_000,
      connected_ms: 258_000,
      outcome: "taken",
      reason: null,
      revenue_micros: 48_000_000,
      billable: true,
    },
  ],
  bids: [],
  given: [],
  others: [
    unsold(2, "NO_CANDIDATE", "No contract could take it."),
    summary(3, { kind: "lead", revenue_micros: 62_000_000, payout_micros: 40_000_000 }),
    unsold(4, "FEED_CAPPED", "A cap of the feed is reached.", { kind: "lead", phone_display: null }),
    summary(5, { state: "open", buyer: null, contract: null, revenue_micros: null, payout_micros: null, ended_at: null }),
    summary(6, { publisher: null, payout_micros: null }),
  ],
};

/** One that was offered to nobody, because of who it is. */
export const stopped = {
  ...opportunity,
  ...unsold(7, "LITIGATOR", "The number is on the list of people who sue over calls.", { kind: "lead" }),
  stopped: "The number is on Known to sue, which is used as a list of people who sue.",
  asked: { ...opportunity.asked, tags: {}, attestation: null },
  planned: [],
  trace: [],
  attempts: [],
};

const free = trace.map((each) =>
  each.contract.id === "ctr_0000000000004"
    ? { ...each, became: "planned", attempt: 1, reason: null, compared: [], price_micros: 54_000_000, told: "Was to be asked, as number 1." }
    : each.became === "stopped"
      ? each
      : { ...each, became: "planned", outcome: null, attempt: (each.attempt ?? 0) + 1, told: `Was to be asked, as number ${(each.attempt ?? 0) + 1}.` },
);

export const whatIf = {
  before: {
    plan_version: 4,
    reason: null,
    told: "",
    compared: [],
    planned: opportunity.planned,
    trace,
  },
  today: {
    plan_version: 5,
    reason: null,
    told: "",
    compared: [],
    planned: [{ how: "one", group: null, contracts: [named("ctr_0000000000004", "Storm, TX")] }, ...opportunity.planned],
    trace: [...free].sort((a, b) => (a.attempt ?? 99) - (b.attempt ?? 99)),
  },
  changed: [
    { contract: named("ctr_0000000000004", "Storm, TX"), how: "more" },
    { contract: named("ctr_0000000000002", "Roofing, TX"), how: "later" },
    { contract: named("ctr_0000000000001", "Storm, Dallas"), how: "later" },
  ],
};

const bid = (n: number, buyer: string, contract: string, some: Some) => ({
  attempt: 1,
  contract: named(`ctr_000000000000${n}`, contract),
  buyer: named(`buy_000000000000${n}`, buyer),
  destination: named(`dst_000000000000${n}`, "Server"),
  asked_at: at,
  latency_ms: null,
  bid_micros: null,
  outcome: "lost",
  place: null,
  reason: null,
  name: null,
  said: null,
  min_seconds: null,
  ...some,
});

/** The same after an auction, with a bid of each kind. */
export const auctioned = {
  ...opportunity,
  attempts: [],
  bids: [
    bid(1, "Tallgrass Roofing", "Storm, Dallas", { outcome: "won", latency_ms: 212, bid_micros: 48_000_000, min_seconds: 90 }),
    bid(2, "Prairie Star", "Roofing, TX", {
      outcome: "next",
      place: 1,
      latency_ms: 187,
      bid_micros: 45_500_000,
      reason: { code: "AUCTION_LOST", sentence: "Another bid was better." },
    }),
    bid(4, "Hailstone Roofs", "Storm, TX", {
      latency_ms: 1_734,
      bid_micros: 47_000_000,
      reason: { code: "BID_LATE", sentence: "The bid came too late." },
    }),
    bid(5, "Redbrick Roofing", "Any roof", {
      latency_ms: 96,
      reason: { code: "NO_BID", sentence: "The buyer bids nothing." },
      said: "Budget of the day is spent",
    }),
    bid(6, "Gulfline Dryout", "Water", { reason: { code: "TIMED_OUT", sentence: "The buyer did not answer in time." } }),
  ],
  given: [
    {
      id: "bid_0000000000001",
      opportunity: "opp_0000000000001",
      state: "waiting",
      amount_micros: 38_400_000,
      currency: "USD",
      min_seconds: 90,
      number_display: "(214) 555-0198",
      caller_display: "(214) 555-0181",
      buyer: named("buy_0000000000001", "Tallgrass Roofing"),
      contract: named("ctr_0000000000001", "Storm, Dallas"),
      given_at: at,
      expires_at: at + 30_000,
      call: null,
      arrived_at: null,
    },
  ],
};
