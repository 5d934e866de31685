// Where one can go: the side navigation, the phone menu and the palette read the same list.

import type { IconName } from "../parts/Icon";

export type Place = { path: string; name: string; icon: IconName; words: string };
export type Group = { name: string | null; places: Place[] };

export const groups: Group[] = [
  { name: null, places: [{ path: "/live", name: "Live", icon: "live", words: "calls in progress now ringing" }] },
  {
    name: "Calls",
    places: [
      { path: "/calls", name: "Calls", icon: "calls", words: "log history recordings" },
      { path: "/flows", name: "Call flows", icon: "flow", words: "ivr menu opening hours voicemail routing builder" },
      { path: "/sounds", name: "Sounds", icon: "sound", words: "prompts greetings audio upload library speak" },
    ],
  },
  {
    name: "Traffic",
    places: [
      { path: "/visitors", name: "Visitors", icon: "visitor", words: "sessions touches pages" },
      { path: "/sites", name: "Sites", icon: "site", words: "snippet swap targets hosts" },
      { path: "/numbers", name: "Numbers and pools", icon: "numbers", words: "tracking inventory leases" },
    ],
  },
  {
    name: "Trade",
    places: [
      { path: "/campaigns", name: "Campaigns", icon: "campaign", words: "offers verticals route plan contracts terms" },
      { path: "/buyers", name: "Buyers", icon: "buyer", words: "destinations contracts clients advertisers" },
      { path: "/publishers", name: "Publishers", icon: "publisher", words: "feeds keys partners affiliates sources" },
      { path: "/leads", name: "Leads", icon: "lead", words: "forms posts pings consent returns import csv log" },
      { path: "/opportunities", name: "Opportunities", icon: "route", words: "trace sold unsold why what if bids attempts" },
      { path: "/caps", name: "Caps", icon: "gauge", words: "limits used reserved left concurrency" },
      { path: "/lists", name: "Lists", icon: "list", words: "suppression do not call zips hashes upload" },
    ],
  },
  {
    name: "Reports",
    places: [{ path: "/sources", name: "Sources", icon: "bars", words: "report expected calls by source attribution" }],
  },
  {
    name: "System",
    places: [
      { path: "/deliveries", name: "Deliveries", icon: "out", words: "outbox dead letters resend posts buyers failed" },
      { path: "/trunks", name: "Trunks", icon: "trunk", words: "sip carrier lines" },
      { path: "/setup", name: "Set up", icon: "setup", words: "first steps test call" },
      { path: "/settings", name: "Settings", icon: "settings", words: "account api keys password screening block spam" },
    ],
  },
];

export const places: Place[] = groups.flatMap((group) => group.places);

/** Whether an address lies in a place: "/calls/call_1" lies in "/calls". */
export function lies(address: string, place: string): boolean {
  return address === place || address.startsWith(`${place}/`);
}
