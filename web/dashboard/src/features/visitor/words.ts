// Words for what a visitor allowed, and for the rules that name sources.

import type { Schema } from "@trunkline/api-client";

const levels: Record<string, string> = {
  none: "nothing stored",
  memory: "this visit only",
  storage: "remembered",
};

/** The consent of a session in words. */
export function consentWords(level: string): string {
  return levels[level] ?? level;
}

/** "Dallas, TX": where a visitor's network is. */
export function placeWords(state: string, place?: string | null): string {
  return place ? `${place}, ${state}` : state;
}

/** "address has qr = van", "came from partner.example": what one of the owner's rules looks for. */
export function ruleTest(rule: Schema<"SourceRule">): string {
  if (rule.referrer) return `came from ${rule.referrer}`;
  return rule.value ? `address has ${rule.parameter} = ${rule.value}` : `address has ${rule.parameter}`;
}

/** What a site's own nginx passes on below `/tl`: the snippet's part of this server and nothing else of it. */
export function nginxLocation(server: string): string {
  return [
    "location /tl/t/ {",
    `    proxy_pass ${server}/t/;`,
    "    proxy_set_header X-Forwarded-For $remote_addr;",
    "}",
  ].join("\n");
}

/** Which numbers of a page are swapped. */
export const swapModes = [
  { value: "list", label: "The numbers above, everywhere" },
  { value: "selector", label: "The numbers above, in chosen elements" },
  { value: "attribute", label: "What elements with data-tl-number show" },
  { value: "auto", label: "Every number that is found" },
];

/** When a visitor gets a number of their own. */
export const leaseTimes = [
  { value: "load", label: "On the first page" },
  { value: "view", label: "When a number comes into view" },
  { value: "intent", label: "When they turn to a number" },
];

/** What is swapped besides text, links, labels and titles. */
export function swapParts(swap: Schema<"SwapSettings">): string[] {
  return [
    ...swap.attributes,
    ...(swap.json_ld ? ["structured data"] : []),
    ...(swap.iframes ? ["frames"] : []),
    ...(swap.shadow_roots ? ["web components"] : []),
  ];
}
