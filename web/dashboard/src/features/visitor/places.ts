// Where on a page a number was found, as a person would say it. Pure.

import type { Schema } from "@trunkline/api-client";

type Finding = Pick<Schema<"PageFinding">, "element" | "place">;

/** Parts of a page, by the element that holds them; the outermost that is named tells. */
const parts: [RegExp, string][] = [
  [/^(head|title|meta)$/, "Head of the document"],
  [/^header$/, "Top of the page"],
  [/^nav$/, "Menu"],
  [/^footer$/, "Foot of the page"],
  [/^aside$/, "Beside the text"],
  [/^form$/, "Form"],
  [/^dialog$/, "Dialogue"],
  [/^address$/, "Address"],
  [/^(table|t[rdh]|tbody)$/, "Table"],
  [/^h[1-6]$/, "Heading"],
];

/** What of the page's code holds a number that is not text. */
const attributes: Record<string, string> = {
  href: "link",
  content: "description",
  alt: "picture's text",
  title: "tooltip",
  "aria-label": "text for screen readers",
};

/** "Top of the page, link": the place of a number, from the path of its element, such as `header > a.phone`. */
export function placeWords({ element, place }: Finding): string {
  if (place === "json-ld") return "Facts for search engines";
  const names = element.split(">").map((each) => /^[a-z0-9-]*/i.exec(each.trim())?.[0].toLowerCase() ?? "");
  const part = parts.find(([pattern]) => names.some((name) => pattern.test(name)))?.[1] ?? "Text of the page";
  if (place !== "text") return `${part}, ${attributes[place] ?? place}`;
  return names.at(-1) === "a" ? `${part}, text of a link` : part;
}
