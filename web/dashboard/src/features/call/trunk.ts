// A trunk as a form and as words. Pure: what the API says in, what people write or read out.

import type { Schema } from "@trunkline/api-client";
import type { Tone } from "../../parts/State";

export type Trunk = Schema<"Trunk">;
export type Transport = "udp" | "tcp" | "tls";
export type Kind = "address" | "registered";

export const ports: Record<Transport, number> = { udp: 5060, tcp: 5060, tls: 5061 };
const PRIORITY = 100;

export type TrunkValues = ReturnType<typeof startOf>;

const WEBHOOKS = "its carrier, by webhook";

/** A registered trunk is called from its own hosts. How a shared trunk is set up only the operator sees. */
export function comesFrom(trunk: Trunk): string {
  if (!trunk.kind) return "its carrier";
  const hosts = trunk.kind === "registered" ? ["its own hosts"] : [];
  const ways = [...hosts, ...(trunk.addresses ?? []), ...(trunk.by_webhook ? [WEBHOOKS] : [])];
  return ways.join(", ") || "nowhere yet: set up its webhook, or its addresses";
}

/** A trunk without a host only takes calls in, unless its carrier dials for us when its webhooks say so. */
export function goesTo(trunk: Trunk): string {
  if (trunk.dials) return trunk.host ? `${trunk.host}:${trunk.port ?? ports.udp}` : "its carrier";
  if (!trunk.kind) return "not over SIP";
  return trunk.by_webhook ? WEBHOOKS : "nowhere, only takes calls in";
}

/** A host with its port, also where the port was left out and SIP's own is used. */
export function withPort(host: string, transport: string | null | undefined): string {
  if (/^[^:]+:\d+$|\]:\d+$/.test(host)) return host;
  return `${host.includes(":") ? `[${host}]` : host}:${ports[(transport ?? "udp") as Transport] ?? ports.udp}`;
}

/** How SIP travels; nothing for a trunk that has no SIP. */
export function transportOf(trunk: Trunk): string {
  const sip = trunk.dials || trunk.kind === "registered" || (trunk.addresses ?? []).length > 0;
  if (!sip) return "";
  return [trunk.transport?.toUpperCase() ?? "", trunk.nat ? "NAT" : ""].filter(Boolean).join(", ");
}

/** What the form begins with. */
export function startOf(trunk?: Trunk) {
  return {
    name: trunk?.name ?? "",
    kind: (trunk?.kind ?? "address") as Kind,
    addresses: trunk?.addresses ?? [],
    host: trunk?.host ?? "",
    port: trunk?.port ?? ports.udp,
    transport: (trunk?.transport ?? "udp") as Transport,
    user: trunk?.user ?? "",
    password: "",
    registrar: trunk?.registrar ?? "",
    proxy: trunk?.proxy ?? "",
    tls_ca: trunk?.tls_ca ?? "",
    priority: trunk?.priority ?? PRIORITY,
    style: trunk?.formats?.style ?? "e164_plus",
    country: trunk?.formats?.country ?? "",
    international_prefix: trunk?.formats?.international_prefix ?? "",
    prefix_in: trunk?.formats?.prefix_in ?? "",
    prefix_out: trunk?.formats?.prefix_out ?? "",
    shown: trunk?.caller_id?.shown ?? "flow",
    caller_id_number: trunk?.caller_id?.number ?? "",
    asserted: trunk?.caller_id?.asserted ?? false,
    diversion: trunk?.caller_id?.diversion ?? false,
    trusted: trunk?.caller_id?.trusted ?? true,
    codecs: trunk?.codecs ?? ["PCMU", "PCMA"],
    nat: trunk?.nat ?? false,
    shared: trunk?.shared ?? true,
  };
}

/** What cannot be sent as it is, each with what to write instead. */
export function problemsOf(values: TrunkValues, trunk?: Trunk): Partial<Record<keyof TrunkValues, string>> {
  const registered = values.kind === "registered";
  const written = (text: string) => Boolean(text.trim());
  const moved =
    trunk &&
    (values.host.trim() !== (trunk.host ?? "") ||
      values.port !== trunk.port ||
      values.registrar.trim() !== (trunk.registrar ?? "") ||
      values.proxy.trim() !== (trunk.proxy ?? ""));
  return {
    name: written(values.name) ? undefined : "Write a name, such as Lakeshore SIP",
    addresses:
      registered || values.addresses.length
        ? undefined
        : "Write at least one address or network, such as 203.0.113.0/24",
    host: registered && !written(values.host) ? "Write the carrier's host, such as sip.carrier.example" : undefined,
    user: registered && !written(values.user) ? "Write the user name the carrier gave you" : undefined,
    password: passwordProblem(values, trunk, Boolean(moved)),
    codecs: values.codecs.length ? undefined : "Choose at least one",
    country: /^([A-Z]{2})?$/.test(values.country.trim()) ? undefined : "Write two capitals, such as US",
    caller_id_number:
      values.shown === "fixed" && !/^\+\d{7,15}$/.test(values.caller_id_number.replace(/[\s().-]/g, ""))
        ? "Write the number with its country code, such as +1 214 555 0100"
        : undefined,
    ...prefixProblems(values),
  };
}

function passwordProblem(values: TrunkValues, trunk: Trunk | undefined, moved: boolean): string | undefined {
  if (values.password) return undefined;
  if (trunk?.has_password) {
    return moved ? "Write the password again: it is only sent to the host it was written for" : undefined;
  }
  return values.kind === "registered" ? "Write the password the carrier gave you" : undefined;
}

function prefixProblems(values: TrunkValues) {
  const problem = (text: string) =>
    /^[\d+*#]{0,12}$/.test(text.trim()) ? undefined : "Write at most 12 digits, *, # or +";
  return {
    international_prefix: problem(values.international_prefix),
    prefix_in: problem(values.prefix_in),
    prefix_out: problem(values.prefix_out),
  };
}

/** What is sent. A password that was not written stays as it is. */
export function bodyOf(values: TrunkValues): Schema<"TrunkInput"> {
  const { style, country, international_prefix, prefix_in, prefix_out, ...rest } = values;
  const { shown, caller_id_number, asserted, diversion, trusted, password, ...line } = rest;
  return {
    ...line,
    ...(password ? { password } : {}),
    formats: { style, country: country.trim() || null, international_prefix, prefix_in, prefix_out },
    caller_id: {
      shown,
      number: shown === "fixed" ? caller_id_number.replace(/[\s().-]/g, "") : null,
      asserted,
      diversion,
      trusted,
    },
  };
}

export type Condition = { tone: Tone; word: string; detail?: string };

/** Whether a trunk answers, in a word, with what is wrong. */
export function healthOf(health: Schema<"TrunkHealth">): Condition {
  switch (health.state) {
    case "ok":
      return { tone: "ok", word: health.rtt_ms == null ? "answers" : `answers in ${health.rtt_ms} ms` };
    case "failing":
      return { tone: "bad", word: "does not answer", detail: sentence(health.error) };
    default:
      return { tone: "off", word: "not asked yet" };
  }
}

/** Where a registration stands; nothing for trunks that do not register. */
export function registrationOf(trunk: Trunk): Condition | null {
  // Who does not see how it is set up sees where it stands all the same.
  if (trunk.kind ? trunk.kind !== "registered" : trunk.registration.state === "none") return null;
  const detail = sentence(trunk.registration.error);
  switch (trunk.registration.state) {
    case "registered":
      return { tone: "ok", word: "registered" };
    case "refused":
      return { tone: "bad", word: "registration refused", detail };
    case "failing":
      return { tone: "warn", word: "not registered", detail };
    default:
      return { tone: "off", word: "not registered yet" };
  }
}

function sentence(error: string | null | undefined): string | undefined {
  return error ? `${error.charAt(0).toUpperCase()}${error.slice(1)}.` : undefined;
}
