/** Counts the places of the page that show our number. */

/** Texts and attributes that hold what the engine wrote in them. */
export const places = (): number => {
  const live = (place: (Node & { _tl?: [string, string] }) | null) => +(place?._tl?.[1] == place?.nodeValue && !!place);
  let count = 0;
  const walker = document.createTreeWalker(document, NodeFilter.SHOW_TEXT);
  for (let text; (text = walker.nextNode()); ) count += live(text);
  for (const element of document.querySelectorAll("[href],[aria-label],[title]"))
    for (const name of ["href", "aria-label", "title"]) count += live(element.getAttributeNode(name));
  return count;
};
