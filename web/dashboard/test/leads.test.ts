import { describe, expect, it } from "vitest";
import { fieldsProblem, nameFrom, typeWord, usualFields, withType, type LeadField } from "../src/features/lead/fields";
import { fromAddress, queryText, toAddress, toQuery } from "../src/features/lead/filters";
import { firstLead } from "../src/features/lead/FirstLead";
import { whoOf } from "../src/features/lead/LeadTable";
import {
  eventTold,
  fieldName,
  isOpen,
  leadState,
  legState,
  reasonWords,
  returnable,
  returnState,
  rowFate,
  rowTold,
  stateChoices,
  sum,
  type LeadDetail,
} from "../src/features/lead/words";
import { bidsInShort, bidState, type Bid } from "../src/features/routing/Bids";
import { isOwnMail, mailOf, mailProblems, mailRead, secretNames, usualMail } from "../src/features/routing/endpoint";

const NOW = Date.parse("2026-11-27T14:03:08Z");

describe("the filters of the lead log", () => {
  it("are the same after a way through the address", () => {
    const filters = { state: "sold", test: "false", person: "(214) 555-0100", time: "7d" };
    expect(fromAddress(toAddress(filters))).toEqual(filters);
    expect(fromAddress("state=&limit=9&campaign=camp_1")).toEqual({ campaign: "camp_1" });
  });
  it("ask the API for what they say, in whole minutes", () => {
    const week = NOW - 7 * 86_400_000;
    expect(toQuery({ time: "7d", test: "true", buyer: "buy_1" }, NOW)).toEqual({
      buyer: "buy_1",
      test: true,
      from: week - (week % 60_000),
    });
    expect(toQuery({ test: "perhaps", time: "always" }, NOW)).toEqual({});
    expect(queryText({ test: false, person: "a@b.example" })).toBe("test=false&person=a%40b.example");
  });
});

describe("a lead", () => {
  it("has a word for each state, and one that is new is shown as it is stored", () => {
    expect(leadState("queued")).toEqual({ tone: "warn", word: "Waits for a buyer" });
    expect(leadState("melted").word).toBe("melted");
    expect(stateChoices.every(({ value, label }) => label !== value)).toBe(true);
  });
  it("is called by its number, else by where somebody is", () => {
    const of = (some: object) => whoOf({ state: "sold", phone: null, zip: null, state_code: null, ...some });
    expect(of({ phone: "+12145550100", zip: "75201" })).toBe("(214) 555-0100");
    expect(of({ zip: "75201", state_code: "TX" })).toBe("Somebody in 75201, TX");
    expect(of({})).toBe("Somebody");
  });
  it("tells reasons with their field in words", () => {
    expect(reasonWords("MISSING_FIELD:zip")).toBe("Missing field: zip");
    expect(reasonWords("NO_CANDIDATE")).toBe("Nobody could take it");
    expect(eventTold("INVALID_FIELD:contact.age")).toBe("Invalid field: contact.age");
    expect(eventTold("Budget is used up, HTTP 200")).toBe("Budget is used up, HTTP 200");
    expect(fieldName("first_name")).toBe("First name");
    expect(fieldName("contact.zip")).toBe("Contact zip");
  });
  it("shows decimals as money to the last digit", () => {
    expect(sum("28.04", "USD")).toBe("$28.04");
    expect(sum("0.000001", "USD")).toBe("$0.000001");
    expect(sum("1234.5", "EUR")).toBe("€1,234.50");
  });
});

describe("a return", () => {
  it("says how it was decided, in part or wholly", () => {
    expect(returnState({ state: "approved", percent: 100 }).word).toBe("Granted");
    expect(returnState({ state: "approved", percent: 40 }).word).toBe("Granted, 40%");
    expect(returnState({ state: "closed", percent: 0 }).word).toBe("Closed, refused");
    expect(["requested", "in_review", "approved", "closed"].filter((state) => isOpen({ state }))).toEqual([
      "requested",
      "in_review",
    ]);
  });
  it("is asked for once, by who has the lead", () => {
    const leg = (id: string, state: string) => ({ contract: { id, name: "" }, state });
    const lead = {
      legs: [leg("ctr_1", "accepted"), leg("ctr_2", "accepted"), leg("ctr_3", "rejected"), leg("ctr_4", "unknown")],
      returns: [{ contract: { id: "ctr_2", name: "" } }],
    } as unknown as LeadDetail;
    expect(returnable(lead).map((each) => each.contract.id)).toEqual(["ctr_1"]);
    expect(legState({ state: "unknown" })).toEqual({ tone: "warn", word: "Did not answer" });
  });
});

describe("a row of a table", () => {
  it("says why it is no new lead", () => {
    const row = (some: object) => rowTold({ fate: "good", same_as: null, reason_code: null, problems: [], ...some });
    expect(row({})).toBe("");
    expect(row({ fate: "same", same_as: 3 })).toBe("As in row 3");
    expect(row({ fate: "refused", reason_code: "MISSING_FIELD:zip" })).toBe("Missing field: zip");
    expect(row({ fate: "refused", reason_code: "MISSING_FIELD:zip", problems: ["a", "b"] })).toBe("a; b");
    expect(rowFate({ fate: "kept" }).tone).toBe("ok");
  });
  it("is not what the first command sends", () => {
    const command = firstLead("https://calls.example.com");
    expect(command).toContain("https://calls.example.com/in/lead");
    expect(JSON.parse(/'(\{.*\})'/.exec(command)?.[1] ?? "")).toMatchObject({ test: true, zip: "90100" });
  });
});

describe("bids", () => {
  const bid = (some: object) => ({ outcome: "lost", bid_micros: null, reason: null, place: null, ...some }) as Bid;
  it("say who won, who takes over, and why the others did not win", () => {
    expect(bidState(bid({ outcome: "won" }))).toEqual({ tone: "ok", word: "Won" });
    expect(bidState(bid({ outcome: "next", place: 2 })).word).toBe("Takes over as number 2");
    expect(bidState(bid({ reason: { code: "BELOW_FLOOR" } }))).toEqual({ tone: "off", word: "Price too low" });
    expect(bidState(bid({ reason: { code: "BID_LATE" } }))).toEqual({ tone: "warn", word: "Answered too late" });
  });
  it("are counted with the best of them", () => {
    expect(bidsInShort([bid({}), bid({ bid_micros: 12_500_000 }), bid({ bid_micros: 9_000_000 })], "USD")).toBe(
      "2 of 3 bid, the best $12.50",
    );
    expect(bidsInShort([bid({})], "USD")).toBe("0 of 1 bid");
  });
});

describe("a mail to a buyer", () => {
  it("is read and written back the same", () => {
    const endpoint = { to: ["a@x.example", "b@x.example"], subject: "Lead", body: "{phone}" };
    expect(mailOf({ address: " a@x.example ", ...mailRead(endpoint, "a@x.example") })).toEqual(endpoint);
    expect(mailRead(null)).toBe(usualMail);
    expect(isOwnMail(usualMail)).toBe(false);
    expect(isOwnMail({ ...usualMail, others: "b@x.example" })).toBe(true);
  });
  it("says what keeps it from being sent", () => {
    expect(mailProblems(usualMail)).toEqual({});
    expect(mailProblems({ others: "nobody", subject: " ", body: "" })).toEqual({
      others: "nobody is no mail address; write one such as leads@example.com",
      subject: "Write a subject, such as A lead from {zip}",
      body: "Write what the mail says",
    });
  });
});

describe("the secrets of a server", () => {
  it("are those that its document names, in texts and as what signs", () => {
    const document = {
      settings: { account: "1" },
      post: { request: { url: "https://x.example/{setting.account}", headers: { Key: "{secret.key}" }, sign: { secret: "hmac" } } },
      ping: { body: ["{tag.secret}", "{setting.other|secret.spare}", "{secret.key}"] },
    };
    expect(secretNames(JSON.stringify(document))).toEqual(["hmac", "key", "spare"]);
    expect(secretNames("{ not yet")).toEqual([]);
  });
});

describe("the fields of leads", () => {
  const age: LeadField = { name: "age", label: "Age", type: { number: { min: 18 } }, required: "ping", aliases: ["years"] };
  it("keep what the form does not know, and lose what another type cannot have", () => {
    expect(withType(age, "number")).toBe(age);
    expect(withType(age, "date")).toEqual({ ...age, type: { date: {} } });
    expect(withType({ ...age, type: "text", normaliser: "upper", max_length: 5 }, "zip")).toEqual({ ...age, type: "zip" });
    expect(typeWord({ choice: [] })).toBe("choice");
  });
  it("are named for partners after what people call them", () => {
    expect(nameFrom("ZIP code")).toBe("zip_code");
    expect(nameFrom("  2nd Phone! ")).toBe("2nd_phone");
  });
  it("say what keeps them from being sent", () => {
    expect(fieldsProblem(usualFields)).toBeUndefined();
    expect(fieldsProblem([])).toBeUndefined();
    expect(fieldsProblem([age])).toContain("nobody could be reached");
    expect(fieldsProblem([...usualFields, { ...age, name: "zip" }])).toBe("zip is there twice");
    expect(fieldsProblem([{ ...age, name: "Age" }])).toContain("small letters");
  });
});
