/** Every test has a tracker and a site of its own, on two origins, and fails when the page throws anything. */
import { test as base, expect, type Page } from "@playwright/test";
import { Site } from "./site.ts";
import { Tracker } from "./tracker.ts";

export { expect };

interface Fixtures {
  tracker: Tracker;
  site: Site;
  /** Errors and rejections that nobody caught on the pages of this test. */
  uncaught: string[];
}

interface Options {
  /** Whether requests never give up by the real clock. */
  patient: boolean;
}

/** No request of the page gives up by the real clock: how fast the machine is must not decide a test. */
const wait = () => {
  if (window.AbortSignal) AbortSignal.timeout = () => new AbortController().signal;
};

export const test = base.extend<Fixtures & Options>({
  patient: [true, { option: true }],
  context: async ({ context, patient }, use) => {
    if (patient) await context.addInitScript(wait);
    await use(context);
  },
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
  uncaught: [
    async ({ context }, use) => {
      const uncaught: string[] = [];
      context.on("weberror", (error) => uncaught.push(String(error.error())));
      await use(uncaught);
      expect(uncaught, "the snippet never throws into the page").toEqual([]);
    },
    { auto: true },
  ],
});

/** Makes the page believe that its tab is in front or not, and says so as the browser would. */
export const look = (page: Page, state: "visible" | "hidden") =>
  page.evaluate((now) => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => now });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  }, state);

/** Records, from the first moment of every page on, what each frame is about to paint in `selector`. */
export const watchFrames = (page: Page, selector: string) =>
  page.addInitScript((wanted) => {
    const frames: string[] = [];
    Object.assign(window, { frames_: frames });
    const look = () => {
      const text = document.querySelector(wanted)?.textContent;
      if (text) frames.push(text);
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, selector);

export const frames = (page: Page) => page.evaluate(() => (window as unknown as { frames_: string[] }).frames_);

/** Records when the document first held `text`. */
export const watchSwap = (page: Page, text: string) =>
  page.addInitScript((wanted) => {
    const observer = new MutationObserver(() => {
      if (document.body?.textContent?.includes(wanted)) {
        Object.assign(window, { swappedAt: Date.now() });
        observer.disconnect();
      }
    });
    observer.observe(document, { subtree: true, childList: true, characterData: true });
  }, text);

/** Lets `answered` tell when the page has dealt with an answer. */
export const watchAnswers = (page: Page) =>
  page.addInitScript(() => {
    const json = Response.prototype.json;
    Object.assign(window, { answered_: 0 });
    Response.prototype.json = async function () {
      try {
        return await json.call(this);
      } finally {
        // After all that hangs on the answer.
        setTimeout(() => (window as unknown as { answered_: number }).answered_++);
      }
    };
  });

export const answered = (page: Page) => page.waitForFunction(() => (window as unknown as { answered_: number }).answered_ > 0);

/** Calls `tl` on the page, as the site's own scripts would. */
export const tl = (page: Page, ...call: unknown[]): Promise<unknown> =>
  page.evaluate((now) => (window as unknown as { tl(...call: unknown[]): unknown }).tl(...now), call);
