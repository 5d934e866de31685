import { expect, it } from "vitest";
import { placeWords } from "../src/features/visitor/places";

it.each([
  ["header > a.phone", "text", "Top of the page, text of a link"],
  ["header > a.phone", "href", "Top of the page, link"],
  ["body > main > p", "text", "Text of the page"],
  ["footer.site > div > address", "text", "Foot of the page"],
  ["script", "json-ld", "Facts for search engines"],
  ["meta", "content", "Head of the document, description"],
  ["div.header > span", "data-number", "Text of the page, data-number"],
  ["", "text", "Text of the page"],
])("%s, %s is %s", (element, place, words) => expect(placeWords({ element, place })).toBe(words));
