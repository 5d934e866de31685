/** The traps of delivery and swapping in the other engines, by the numbers of the list in the snippet's README. */
import { allInline, block, hashOf, inline, loader, oneTag } from "../snippet/helpers/block.ts";
import { reactPage, vuePage } from "../snippet/helpers/hydration.ts";
import { isAssign, MAIN, tells } from "../snippet/helpers/tracker.ts";
import { expect, memoryCollected, test, texts, tl } from "./helpers/fixtures.ts";

const NUMBER = `<p id="number">(214) 555-0100</p>`;

test("trap 2: a block pasted twice swaps once, asks once and counts once", async ({ browserOf, site, tracker }) => {
  await browserOf.open(site.page("/", NUMBER, { head: block(tracker.config()) }));
  const { event } = await tracker.asked(tells("shown"));
  expect(event!.events).toEqual([{ k: "shown", swaps: 1, page: site.url("/") }]);
  await browserOf.run(() => document.body.insertAdjacentHTML("beforeend", "<p>214-555-0100</p>"));
  await expect.poll(() => texts(browserOf, "p")).toEqual(["(312) 555-7788", "312-555-7788"]);
  expect(tracker.of("assign")).toHaveLength(1);
  // Not how often the core was fetched: WebKit may ask for it once more when it is imported.
  expect(tracker.told("shown")).toHaveLength(1);
});

test("trap 3: an added subtree that is editable, or lies in one, is not edited", async ({ browserOf, site, tracker }) => {
  await browserOf.open(site.page("/", `${NUMBER}<div id="editor" contenteditable="true"></div><div id="room"></div>`));
  await tracker.asked(tells("shown"));
  const left = await browserOf.run(async () => {
    const added = document.createElement("div");
    added.contentEditable = "true";
    added.innerHTML = "214-555-0100 <b>214-555-0100</b>";
    document.querySelector("#room")!.append(added);
    const editor = document.querySelector("#editor")!;
    editor.innerHTML = "<p>214-555-0100</p>";
    await Promise.resolve();
    editor.firstElementChild!.append(" and 214-555-0100");
    editor.append("214-555-0100");
    // What may be swapped comes last: when it has been, the rest has had its turn.
    document.querySelector("#room")!.insertAdjacentHTML("beforeend", "<p id=last>214-555-0100</p>");
    while (document.querySelector("#last")!.textContent != "312-555-7788") await new Promise((resolve) => requestAnimationFrame(resolve));
    return [added.textContent, editor.textContent];
  });
  expect(left).toEqual(["214-555-0100 214-555-0100", "214-555-0100 and 214-555-0100214-555-0100"]);
});

test("trap 5: with two targets, one's replacement may be the other's printed number", async ({ browserOf, site, tracker }) => {
  tracker.targets = [
    ["swt_a", "+12145550100"],
    ["swt_b", "+12145550200"],
  ];
  const numbers = [
    { t: "swt_a", n: "+12145550200" },
    { t: "swt_b", n: "+12145550100" },
  ];
  tracker.answers = () => ({ status: 200, body: tracker.answer({ numbers }) });
  await browserOf.open(site.page("/", `<p>Sales (214) 555-0100, service (214) 555-0200</p>`));
  await tracker.asked(tells("shown"));
  await browserOf.run(() => document.querySelector("p")!.append(document.createElement("b")));
  await tl(browserOf, "swap");
  await browserOf.run(() => new Promise((resolve) => requestAnimationFrame(() => resolve(0))));
  expect(await texts(browserOf, "p")).toEqual(["Sales (214) 555-0200, service (214) 555-0100"]);
});

test("trap 6: a number of another length or country goes in as the server has formatted it, and out again", async ({ browserOf, site, tracker }) => {
  tracker.answers = () => ({ status: 200, body: tracker.answer({ numbers: [{ t: MAIN, n: "+442079460123", f: "020 7946 0123" }] }) });
  await browserOf.open(site.page("/", `<p>Call (214) 555-0100 now</p><p><b>+1 (214)</b> 555-0100</p><a href="tel:+1-214-555-0100">call 214.555.0100</a>`));
  await tracker.asked(tells("shown"));
  const address = () => browserOf.run(() => document.querySelector("a")!.getAttribute("href"));
  expect(await texts(browserOf, "p, a")).toEqual(["Call 020 7946 0123 now", "020 7946 0123", "call 020 7946 0123"]);
  expect(await address()).toBe("tel:+442079460123");
  await memoryCollected(browserOf);
  await tl(browserOf, "consent", false);
  await expect.poll(() => texts(browserOf, "p, a")).toEqual(["Call (214) 555-0100 now", "+1 (214) 555-0100", "call 214.555.0100"]);
  expect(await address()).toBe("tel:+1-214-555-0100");
});

for (const framework of ["React", "Vue"] as const) {
  const made = () => (framework == "React" ? reactPage() : vuePage());
  /** What went wrong while hydrating, and whether the server's element is still there. */
  const left = () => {
    const page = window as unknown as { errors?: string[]; warnings?: string[]; root: Element };
    return { wrong: page.errors ?? page.warnings, same: page.root === document.querySelector("#number") };
  };

  test(`trap 8: a page rendered by ${framework} and marked to hydrate is swapped after that, and nothing goes wrong`, async ({ browserOf, site, tracker }) => {
    const { rendered, script } = await made();
    site.file("/client.js", script);
    tracker.rules = [["*", "", "", [["+13125557788"]]]];
    await browserOf.open(site.page("/", `<div id="app" data-tl-hydrate>${rendered}</div><script src="/client.js"></script>`));
    await expect.poll(() => texts(browserOf, "#number")).toEqual(["Call (312) 555-7788 clicked 0"]);
    expect(await browserOf.run(left)).toEqual({ wrong: [], same: true });
    await browserOf.run(() => document.querySelector<HTMLElement>("#number")!.click());
    await expect.poll(() => texts(browserOf, "#number")).toEqual(["Call (312) 555-7788 clicked 1"]);
  });

  test(`trap 8: a page rendered by ${framework} and not marked is swapped all the same`, async ({ browserOf, site, tracker }) => {
    const { rendered, script } = await made();
    site.file("/client.js", script);
    tracker.rules = [["*", "", "", [["+13125557788"]]]];
    await browserOf.open(site.page("/", `<div id="app">${rendered}</div><script src="/client.js"></script>`));
    await expect.poll(() => browserOf.run(() => document.documentElement.dataset.hydrated ?? null)).toBe("");
    await expect.poll(() => texts(browserOf, "#number")).toEqual(["Call (312) 555-7788 clicked 0"]);
    await browserOf.run(() => document.querySelector<HTMLElement>("#number")!.click());
    await expect.poll(() => texts(browserOf, "#number")).toEqual(["Call (312) 555-7788 clicked 1"]);
  });
}

test("trap 8: where a browser tells no idle time, a page that hydrates after it has loaded is swapped after that", async ({ browserOf, site, tracker }) => {
  const { rendered, script } = await reactPage();
  // Two frames after its loading the page hydrates; long timers wait for the test, so that no slow machine decides who is first; the longest are the browser driver's own.
  site.file("/client.js", `addEventListener("load", () => requestAnimationFrame(() => requestAnimationFrame(() => {${script}})));`);
  tracker.rules = [["*", "", "", [["+13125557788"]]]];
  const head = `<script>
    window.requestIdleCallback = undefined;
    const soon = setTimeout, late = [];
    window.setTimeout = (run, ms, ...rest) => (ms < 100 || ms > 1000 ? soon(run, ms, ...rest) : late.push(run));
    window.timePasses = () => late.splice(0).forEach((run) => run());
  </script>${block(tracker.config())}`;
  await browserOf.open(site.page("/", `<div id="app" data-tl-hydrate>${rendered}</div><script src="/client.js"></script>`, { head }));
  await expect.poll(() => browserOf.run(() => document.documentElement.dataset.hydrated ?? null)).toBe("");
  expect(await texts(browserOf, "#number")).toEqual(["Call (214) 555-0100 clicked 0"]);
  await browserOf.run(() => (window as unknown as { timePasses: () => void }).timePasses());
  await expect.poll(() => texts(browserOf, "#number")).toEqual(["Call (312) 555-7788 clicked 0"]);
  expect(await browserOf.run(() => (window as unknown as { errors: string[] }).errors)).toEqual([]);
});

test("trap 10: a page without the number confirms nothing, so that its number goes back", async ({ browserOf, site, tracker }) => {
  await browserOf.open(site.page("/", `<p>Fax 214-555-0199</p>`));
  await expect.poll(() => browserOf.run(() => (Object.values(localStorage)[0] as string) ?? "")).toContain("token-1");
  const end = tracker.next((asked) => asked.event?.token == "end");
  await browserOf.run(
    (address) => {
      // Out of sight is the last occasion to tell anything; what is sent after it arrives after it.
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => "hidden" });
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
      void fetch(address, { method: "POST", body: JSON.stringify({ token: "end", events: [] }) });
    },
    `${tracker.origin}/t/k1/event`,
  );
  await end;
  expect(tracker.of("event").filter((asked) => asked.event!.token != "end")).toEqual([]);
});

test("trap 14: a strict content security policy needs the loader's hash and the server's origin, nothing more", async ({ browserOf, site, tracker }) => {
  const policy = `default-src 'none'; script-src ${hashOf(loader())} ${tracker.origin}; connect-src ${tracker.origin}`;
  await browserOf.open(site.page("/", NUMBER, { headers: { "Content-Security-Policy": policy } }));
  const { event } = await tracker.asked(tells("shown"));
  expect(event!.events).toEqual([{ k: "shown", swaps: 1, page: site.url("/") }]);
  expect(await texts(browserOf, "#number")).toEqual(["(312) 555-7788"]);
});

test("trap 14: a nonce in place of the hash does as well", async ({ browserOf, site, tracker }) => {
  const policy = `default-src 'none'; script-src 'nonce-bG9hZGVy' ${tracker.origin}; connect-src ${tracker.origin}`;
  await browserOf.open(site.page("/", NUMBER, { script: ` nonce="bG9hZGVy"`, headers: { "Content-Security-Policy": policy } }));
  const { event } = await tracker.asked(tells("shown"));
  expect(event!.events).toEqual([{ k: "shown", swaps: 1, page: site.url("/") }]);
});

test("the all-inline form works whole under a policy that allows no script but itself, and fetches none", async ({ browserOf, site, tracker }) => {
  const policy = `default-src 'none'; script-src ${hashOf(inline())}; connect-src ${tracker.origin}`;
  const options = { block: allInline(tracker.config()), headers: { "Content-Security-Policy": policy } };
  await browserOf.open(site.page("/", `${NUMBER}<a href="tel:+12145550100">1-21-HJJK-0100</a>`, options));
  const { event } = await tracker.asked(tells("shown"));
  expect(event!.events).toEqual([{ k: "shown", swaps: 3, page: site.url("/") }]);
  expect(await texts(browserOf, "#number, a")).toEqual(["(312) 555-7788", "1-31-2555-7788"]);
  await expect.poll(() => browserOf.run(() => (JSON.parse((Object.values(localStorage)[0] as string) ?? "{}") as { s?: 1 }).s)).toBe(1);
  await browserOf.open(site.page("/later", NUMBER, options));
  await tracker.asked(tells("page"));
  expect(await texts(browserOf, "#number")).toEqual(["(312) 555-7788"]);
  expect(tracker.of("assign")).toHaveLength(1);
  expect(tracker.of("core")).toEqual([]);
});

test("the one-tag form brings its own configuration and asks once", async ({ browserOf, site, tracker }) => {
  site.file("/loader.js", oneTag(tracker.config()));
  await browserOf.open(site.page("/", NUMBER, { block: `<script async src="/loader.js"></script>` }));
  await tracker.asked(tells("shown"));
  expect(await texts(browserOf, "#number")).toEqual(["(312) 555-7788"]);
  expect(tracker.log.filter(isAssign)).toHaveLength(1);
});
