/** Every test has a tracker and a site of its own, on ports of their own and so with storage of their own; the browser is shared. */
import { test as base, expect } from "@playwright/test";
import { Site } from "../../snippet/helpers/site.ts";
import { Tracker } from "../../snippet/helpers/tracker.ts";
import { startFirefox, startWebKit, type Browser } from "./webdriver.ts";

export { expect };

export interface Options {
  engine: "firefox" | "webkit";
}

export const test = base.extend<{ tracker: Tracker; site: Site }, Options & { browserOf: Browser }>({
  engine: ["firefox", { scope: "worker", option: true }],
  browserOf: [
    async ({ engine }, use) => {
      const browser = await (engine == "firefox" ? startFirefox() : startWebKit());
      await use(browser);
      await browser.close();
    },
    { scope: "worker", timeout: 60_000 },
  ],
  tracker: async ({}, use) => {
    const tracker = await new Tracker().start();
    await use(tracker);
    await tracker.close();
  },
  site: async ({ tracker }, use) => {
    const site = await new Site(tracker).start();
    await use(site);
    await site.close();
  },
});

/** The text of each element that `selector` finds. */
export const texts = (browser: Browser, selector: string): Promise<(string | null)[]> =>
  browser.run((wanted) => [...document.querySelectorAll(wanted)].map((element) => element.textContent), selector);

/** Calls `tl` on the page, as the site's own scripts would. */
export const tl = (browser: Browser, ...call: unknown[]): Promise<unknown> =>
  browser.run((given) => (window as unknown as { tl(...call: unknown[]): unknown }).tl(...given) ?? null, call);

/** Makes garbage until WebKit has collected what nothing on the page holds on to; Firefox, which loses nothing, keeps it for long. */
export const memoryCollected = (browser: Browser): Promise<unknown> =>
  browser.run(async () => {
    // Several, as a stray value on the stack may hold on to one.
    const forgotten = Array.from({ length: 20 }, () => new WeakRef(document.createAttribute("forgotten")));
    for (let round = 0; round < 200 && forgotten.every((attribute) => attribute.deref()); round++) {
      Array.from({ length: 1000 }, () => new Array(1000).fill(round));
      await new Promise((resolve) => setTimeout(resolve));
    }
  });
