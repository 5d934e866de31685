/** Notices page views that load no document: history changes of single-page applications. */

/** Address without the part that only scrolls; hash routers (`#/`, `#!`) keep it. */
const view = () => location.pathname + location.search + (/^#[/!]/.test(location.hash) ? location.hash : "");

/** Calls `moved` with the address before, each time the view has changed. */
export const onView = (moved: (before: string) => void): void => {
  let current = view();
  let address = location.href;
  const look = () => {
    const before = address;
    address = location.href;
    if (current != (current = view())) moved(before);
  };
  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    history[name] = function (this: History, ...change: Parameters<History["pushState"]>) {
      original.apply(this, change);
      look();
    };
  }
  addEventListener("popstate", look);
  addEventListener("hashchange", look);
};
