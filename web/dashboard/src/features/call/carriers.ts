// Carriers: what they are called, what they call their things, and what is entered where. Pure.

import { queryOptions } from "@tanstack/react-query";
import type { Schema } from "@trunkline/api-client";
import { api, take } from "../../api/client";
import { plural } from "../../base/figures";
import type { Tone } from "../../parts/State";

export type Webhook = Schema<"VoiceWebhook">;
export type Carrier = Schema<"Carrier">;
type TrackingNumber = Schema<"TrackingNumber">;
export type Dialect = "twilio" | "signalwire" | "telnyx";

type Words = {
  name: string;
  /** What it calls the account. */
  account: string;
  accountHint: string;
  /** What its requests are signed with. */
  signingKey: string;
  signingHint: string;
  /** What its API asks for. */
  apiKey: string;
  /** What it calls the SIP connection of numbers, where it has one. */
  connection?: string;
  /** Where the two addresses are entered. */
  where: string;
  callField: string;
  statusField: string;
};

export const carriers: Record<Dialect, Words> = {
  twilio: {
    name: "Twilio",
    account: "Account SID",
    accountHint: "AC…, on the first page of the console",
    signingKey: "Auth token",
    signingHint: "The account's auth token, under the account SID",
    apiKey: "Auth token",
    connection: "SIP trunk SID",
    where: "In the console open Phone Numbers, Manage, Active numbers, the number, and there Voice Configuration.",
    callField: "A call comes in: Webhook, with HTTP POST",
    statusField: "Call status changes, with HTTP POST",
  },
  signalwire: {
    name: "SignalWire",
    account: "Project ID",
    accountHint: "Under API in the space",
    signingKey: "Signing key",
    signingHint: "Under API in the space",
    apiKey: "API token",
    where: "In the space open Phone Numbers, the number, Edit Settings, and let LaML webhooks handle its voice calls.",
    callField: "When a call comes in, with POST",
    statusField: "Status callback, with POST",
  },
  telnyx: {
    name: "Telnyx",
    account: "Account",
    accountHint: "Any name you know the account by",
    signingKey: "Public key",
    signingHint: "Under Account, Keys and Credentials, Public Key",
    apiKey: "API key",
    connection: "Connection ID",
    where: "In Mission Control open Voice, Programmable Voice, TeXML Applications; make one, and give the number to it.",
    callField: "Voice webhook URL, with POST",
    statusField: "Status callback URL, with POST",
  },
};

export const dialects = Object.keys(carriers) as Dialect[];

/** The words of a carrier, also of one that this build does not know yet. */
export function carrierWords(dialect: string): Words {
  return carriers[dialect as Dialect] ?? { ...carriers.twilio, name: dialect };
}

/** The numbers on a trunk that its carrier charges for. */
export function heldOn(numbers: TrackingNumber[], trunk: string): TrackingNumber[] {
  return numbers.filter((number) => number.trunk.id === trunk && number.cost && number.cost.given_back_at == null);
}

/** What becomes of numbers when the account that bought them is disconnected. */
export function heldWords(held: TrackingNumber[]): string {
  const one = held.length === 1;
  return (
    `${plural(held.length, "number")} of this trunk ${one ? "was" : "were"} bought with it: the carrier goes on to charge for ` +
    `${one ? "it" : "them"}, and until the same account is connected again ${one ? "it" : "they"} can neither be given back ` +
    "from here, nor be pointed at this server again, nor move to another trunk."
  );
}

export const webhookQuery = (trunk: string) =>
  queryOptions({
    queryKey: ["trunk", trunk, "webhook"],
    queryFn: () => take(api.GET("/api/v1/trunks/{id}/webhook", { params: { path: { id: trunk } } })),
  });

export const carrierQuery = (trunk: string) =>
  queryOptions({
    queryKey: ["trunk", trunk, "carrier"],
    queryFn: () => take(api.GET("/api/v1/trunks/{id}/carrier", { params: { path: { id: trunk } } })),
  });

export const carriersQuery = () =>
  queryOptions({
    queryKey: ["carriers"],
    queryFn: async () => (await take(api.GET("/api/v1/carriers"))).items,
  });

type Heard = { tone: Tone; word: string; at: number | null };

/** What was heard of the carrier last: the newer of a request that was believed and one that was not. */
export function heardOf(webhook: Pick<Webhook, "last_believed_at" | "last_refused_at">): Heard {
  const believed = webhook.last_believed_at ?? null;
  const refused = webhook.last_refused_at ?? null;
  if (believed === null && refused === null)
    return { tone: "off", word: "Nothing has come since the server started", at: null };
  if (refused !== null && (believed === null || refused > believed))
    return { tone: "bad", word: "The last webhook was refused", at: refused };
  return { tone: "ok", word: "The last webhook came with the right signature", at: believed };
}
