import { describe, expect, it } from "vitest";
import { bodyOf, comesFrom, goesTo, healthOf, problemsOf, registrationOf, startOf, type Trunk, transportOf, withPort } from "../src/features/call/trunk";

const trunk: Trunk = {
  id: "trunk_1",
  name: "Lakeshore",
  dials: true,
  by_webhook: false,
  kind: "registered",
  addresses: [],
  host: "sip.carrier.example",
  port: 5060,
  transport: "udp",
  user: "acme",
  has_password: true,
  registrar: null,
  proxy: null,
  tls_ca: null,
  priority: 100,
  formats: { style: "e164_plus", country: null, international_prefix: "", prefix_in: "", prefix_out: "" },
  caller_id: { shown: "flow", number: null, asserted: false, diversion: false, trusted: true },
  codecs: ["PCMU"],
  nat: false,
  shared: true,
  health: { state: "unknown", since: null, checked_at: null, rtt_ms: null, error: null },
  registration: { state: "none", expires_at: null, error: null },
  created_at: 0,
};
const wrong = (values: ReturnType<typeof startOf>, of?: Trunk) =>
  Object.entries(problemsOf(values, of))
    .filter(([, message]) => message)
    .map(([field]) => field);

describe("the form of a trunk", () => {
  it("asks for what its kind needs", () => {
    expect(wrong(startOf())).toEqual(["name", "addresses"]);
    const registered = { ...startOf(), name: "x", kind: "registered" as const };
    expect(wrong(registered)).toEqual(["host", "user", "password"]);
    expect(wrong({ ...registered, host: "h", user: "u", password: "p" })).toEqual([]);
  });

  it("asks for the password again when it would go somewhere else", () => {
    expect(wrong(startOf(trunk), trunk)).toEqual([]);
    expect(wrong({ ...startOf(trunk), host: "other.example" }, trunk)).toEqual(["password"]);
    expect(wrong({ ...startOf(trunk), proxy: "other.example", password: "p" }, trunk)).toEqual([]);
  });

  it("finds prefixes, countries and numbers that are none", () => {
    const values = { ...startOf(trunk), prefix_out: "a", country: "usa", shown: "fixed", caller_id_number: "12" };
    expect(wrong(values, trunk)).toEqual(["country", "caller_id_number", "prefix_out"]);
  });

  it("sends no password that was not written", () => {
    expect(bodyOf(startOf(trunk))).not.toHaveProperty("password");
    const sent = bodyOf({ ...startOf(trunk), password: "p", shown: "fixed", caller_id_number: "+1 (214) 555-0100" });
    expect(sent.password).toBe("p");
    expect(sent.caller_id).toEqual({
      shown: "fixed",
      number: "+12145550100",
      asserted: false,
      diversion: false,
      trusted: true,
    });
  });
});

describe("the state of a trunk", () => {
  it("is said in words and a tone", () => {
    expect(healthOf(trunk.health)).toEqual({ tone: "off", word: "not asked yet" });
    expect(healthOf({ ...trunk.health, state: "ok", rtt_ms: 12 }).word).toBe("answers in 12 ms");
    const failing = healthOf({ ...trunk.health, state: "failing", error: "no answer within 5 s" });
    expect(failing).toEqual({ tone: "bad", word: "does not answer", detail: "No answer within 5 s." });
  });

  it("says where a registration stands", () => {
    expect(registrationOf({ ...trunk, kind: "address" })).toBeNull();
    const error = "the carrier refused the user name or password (403)";
    const refused = { ...trunk, registration: { state: "refused", expires_at: null, error } };
    expect(registrationOf(refused)).toEqual({
      tone: "bad",
      word: "registration refused",
      detail: "The carrier refused the user name or password (403).",
    });
  });
});

describe("the ways of a trunk", () => {
  it("are its carrier's webhooks where it has no others", () => {
    const webhooks = { ...trunk, kind: "address", dials: false, host: null, by_webhook: true };
    const by = "its carrier, by webhook";
    expect([comesFrom(webhooks), goesTo(webhooks), transportOf(webhooks)]).toEqual([by, by, ""]);
    const both = { ...trunk, kind: "address", addresses: ["203.0.113.7"], by_webhook: true };
    expect([comesFrom(both), goesTo(both)]).toEqual([`203.0.113.7, ${by}`, "sip.carrier.example:5060"]);
  });

  it("are none before anything is set up", () => {
    const bare = { ...trunk, kind: "address", dials: false, host: null };
    expect(comesFrom(bare)).toMatch(/^nowhere yet/);
    expect(goesTo(bare)).toBe("nowhere, only takes calls in");
    // How a shared trunk is set up only the operator sees.
    const shared = { ...bare, kind: null, addresses: null, by_webhook: null };
    expect([comesFrom(shared), goesTo(shared)]).toEqual(["its carrier", "not over SIP"]);
  });
});

describe("the port of a host", () => {
  it.each([
    ["sip.carrier.example", "udp", "sip.carrier.example:5060"],
    ["sip.carrier.example", "tls", "sip.carrier.example:5061"],
    ["sip.carrier.example:5080", "tcp", "sip.carrier.example:5080"],
    ["2001:db8::1", "udp", "[2001:db8::1]:5060"],
    ["[2001:db8::1]:5070", "udp", "[2001:db8::1]:5070"],
  ])("%s over %s is %s", (host, transport, shown) => expect(withPort(host, transport)).toBe(shown));
});
