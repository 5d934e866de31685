/** The traps of delivery and swapping, in the order of the list in the snippet's README; others are beside their subject. */
import type { Page } from "@playwright/test";
import { allInline, block, hashOf, inline, loader, oneTag } from "./helpers/block.ts";
import { answered, expect, test, tl, watchAnswers } from "./helpers/fixtures.ts";
import { reactPage, vuePage } from "./helpers/hydration.ts";
import { gate, serve } from "./helpers/serve.ts";
import { isAssign, MAIN, PRINTED, tells } from "./helpers/tracker.ts";

const NUMBER = `<p id="number">(214) 555-0100</p>`;

test("trap 1: the campaign's whole address reaches the server although the browser sends only the origin", async ({ page, site, tracker }) => {
  const from = await serve((_request, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end(`<a href="${site.url("/")}?utm_source=google&gclid=x#top">advertisement</a>`);
  });
  site.page("/", NUMBER);
  await page.goto(`${from.origin}/search?q=secret`);
  await page.locator("a").click();
  const { assign } = await tracker.asked(isAssign);
  expect(assign).toMatchObject({ page: `${site.url("/")}?utm_source=google&gclid=x#top`, ref: `${from.origin}/` });
  await from.close();
});

test("trap 2: a block pasted twice swaps once, asks once and counts once", async ({ page, site, tracker }) => {
  await page.goto(site.page("/", NUMBER, { head: block(tracker.config()) }));
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
  const { event } = await tracker.asked(tells("shown"));
  expect(event!.events).toEqual([{ k: "shown", swaps: 1, page: site.url("/") }]);
  await page.evaluate(() => document.body.append("214-555-0100"));
  await expect(page.locator("body")).toContainText("312-555-7788");
  expect(tracker.of("assign")).toHaveLength(1);
  expect(tracker.of("core")).toHaveLength(1);
  expect(tracker.told("shown")).toHaveLength(1);
});

test("trap 3: an added subtree that is editable, or lies in one, is not edited", async ({ page, site }) => {
  await page.goto(site.page("/", `${NUMBER}<div id="editor" contenteditable="true"></div><div id="room"></div>`));
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
  const texts = await page.evaluate(async () => {
    const added = document.createElement("div");
    added.contentEditable = "true";
    added.innerHTML = "214-555-0100 <b>214-555-0100</b>";
    document.querySelector("#room")!.append(added);
    const editor = document.querySelector("#editor")!;
    editor.innerHTML = "<p>214-555-0100</p>";
    await Promise.resolve();
    editor.firstElementChild!.append(" and 214-555-0100");
    editor.append("214-555-0100");
    await new Promise((resolve) => requestAnimationFrame(resolve));
    return [added.textContent, editor.textContent];
  });
  expect(texts).toEqual(["214-555-0100 214-555-0100", "214-555-0100 and 214-555-0100214-555-0100"]);
});

test("trap 4: a spaced longer number stays, hours behind a number do not stop it", async ({ page, site, tracker }) => {
  tracker.targets = [[MAIN, "+15551234567"]];
  const left = ["5551 234 567 8", "Order 5551 234 567 8 has shipped", "15551234567890", "555-123-4567-22"];
  await page.goto(site.page("/", [...left, "555-123-4567 24/7"].map((text) => `<p>${text}</p>`).join("")));
  await expect(page.locator("p").last()).toHaveText("312-555-7788 24/7");
  expect((await page.locator("p").allTextContents()).slice(0, -1)).toEqual(left);
});

test("trap 5: with two targets, one's replacement may be the other's printed number", async ({ page, site, tracker }) => {
  tracker.targets = [
    ["swt_a", "+12145550100"],
    ["swt_b", "+12145550200"],
  ];
  tracker.answers = () => ({
    status: 200,
    body: tracker.answer({
      numbers: [
        { t: "swt_a", n: "+12145550200" },
        { t: "swt_b", n: "+12145550100" },
      ],
    }),
  });
  await page.goto(site.page("/", `<p>Sales (214) 555-0100, service (214) 555-0200</p>`));
  const swapped = "Sales (214) 555-0200, service (214) 555-0100";
  await expect(page.locator("p")).toHaveText(swapped);
  await page.evaluate(() => document.querySelector("p")!.append(document.createElement("b")));
  await tracker.asked(tells("shown"));
  await tl(page, "swap");
  await expect(page.locator("p")).toHaveText(swapped);
});

test("trap 6: a number of another length or country goes in as the server has formatted it", async ({ page, site, tracker }) => {
  tracker.answers = () => ({ status: 200, body: tracker.answer({ numbers: [{ t: MAIN, n: "+442079460123", f: "020 7946 0123" }] }) });
  await page.goto(site.page("/", `<p>Call (214) 555-0100 now</p><p><b>+1 (214)</b> 555-0100</p><a href="tel:+1-214-555-0100">call 214.555.0100</a>`));
  await expect(page.locator("p").first()).toHaveText("Call 020 7946 0123 now");
  await expect(page.locator("p").last()).toHaveText("020 7946 0123");
  await expect(page.locator("a")).toHaveText("call 020 7946 0123");
  await expect(page.locator("a")).toHaveAttribute("href", "tel:+442079460123");
  await tracker.asked(tells("shown"));
  await tl(page, "consent", false);
  expect(await page.locator("p, a").allTextContents()).toEqual(["Call (214) 555-0100 now", "+1 (214) 555-0100", "call 214.555.0100"]);
  await expect(page.locator("a")).toHaveAttribute("href", "tel:+1-214-555-0100");
});

/** A script that puts its own text back whenever it changes, and counts how often it had to. */
const rival = (restore: string) => `<script>
  var fought = 0;
  new MutationObserver(function () {
    var number = document.querySelector("#number");
    if (number && number.textContent != "(214) 555-0100") { fought++; ${restore} }
  }).observe(document, { subtree: true, childList: true, characterData: true });
</script>`;

const fights: [where: string, restore: string, most: number][] = [
  ["a text", `document.querySelector("#number").firstChild.nodeValue = "(214) 555-0100"`, 4],
  ["an element's content", `document.querySelector("#number").textContent = "(214) 555-0100"`, 4],
  ["the page's markup", `document.querySelector("main").innerHTML = '<p id="number">(214) 555-0100</p>'`, 100],
];
for (const [where, restore, most] of fights)
  test(`trap 7: a script that changes ${where} back is let win after at most ${most} swaps`, async ({ page, site, tracker }) => {
    const warned = page.waitForEvent("console", (message) => message.type() == "warning" && message.text().startsWith("trunkline:"));
    warned.catch(() => {});
    await watchAnswers(page);
    const answer = gate();
    tracker.answers = async () => (await answer.opened, { status: 200, body: tracker.answer() });
    await page.goto(site.page("/", `<main>${NUMBER}</main>`, { head: rival(restore) }));
    await expect.poll(() => tl(page, "number")).toBe(PRINTED);
    answer.open();
    await answered(page);
    await page.waitForFunction(() => (window as unknown as { fought: number }).fought > 0);
    if (most == 4) await warned;
    await expect(page.locator("#number")).toHaveText("(214) 555-0100");
    expect(await page.evaluate(() => (window as unknown as { fought: number }).fought)).toBeLessThanOrEqual(most);
  });

test.describe("trap 8: a page rendered on the server by React", () => {
  /** What a visit leaves: the text, the errors of hydration, and whether the server's element survived. */
  const result = (page: Page) =>
    page.evaluate(() => ({
      errors: (window as unknown as { errors: string[] }).errors,
      same: (window as unknown as { root: Element }).root === document.querySelector("#number"),
    }));

  for (const [how, attribute] of [
    ["marked to hydrate is swapped after that, without an error", " data-tl-hydrate"],
    ["of a framework known by its root is swapped after hydration, without an error", ' data-next id="__next"'],
  ] as const)
    test(how, async ({ page, site, tracker }) => {
      const { rendered, script } = await reactPage();
      site.file("/client.js", script);
      tracker.rules = [["*", "", "", [["+13125557788"]]]];
      const id = attribute.includes("id=") ? "" : ' id="app"';
      const inner = attribute.includes("id=") ? `<div${attribute}><div id="app">${rendered}</div></div>` : `<div${id}${attribute}>${rendered}</div>`;
      await page.goto(site.page("/", `${inner}<script src="/client.js"></script>`));
      await expect(page.locator("#number")).toHaveText("Call (312) 555-7788 clicked 0");
      expect(await result(page)).toEqual({ errors: [], same: true });
      await page.locator("#number").click();
      await expect(page.locator("#number")).toHaveText("Call (312) 555-7788 clicked 1");
    });

  test("not marked is built anew by React, and swapped again", async ({ page, site, tracker }) => {
    const { rendered, script } = await reactPage();
    site.file("/client.js", script);
    tracker.rules = [["*", "", "", [["+13125557788"]]]];
    await page.goto(site.page("/", `<div id="app">${rendered}</div><script src="/client.js"></script>`));
    await expect(page.locator("html")).toHaveAttribute("data-hydrated", "");
    await expect(page.locator("#number")).toHaveText("Call (312) 555-7788 clicked 0");
    await page.locator("#number").click();
    await expect(page.locator("#number")).toHaveText("Call (312) 555-7788 clicked 1");
  });
});

test.describe("trap 8: a page rendered on the server by Vue", () => {
  for (const [how, attributes] of [
    ["marked to hydrate", ' id="app" data-tl-hydrate'],
    ["of a framework known by its root", ' id="__nuxt"'],
  ] as const)
    test(`${how} is swapped after hydration, without a warning`, async ({ page, site, tracker }) => {
      const { rendered, script } = await vuePage(attributes.includes("nuxt") ? "#__nuxt" : "#app");
      site.file("/client.js", script);
      tracker.rules = [["*", "", "", [["+13125557788"]]]];
      const errors: string[] = [];
      page.on("console", (message) => /hydrat/i.test(message.text()) && errors.push(message.text()));
      await page.goto(site.page("/", `<div${attributes}>${rendered}</div><script src="/client.js"></script>`));
      await expect(page.locator("#number")).toHaveText("Call (312) 555-7788 clicked 0");
      await page.locator("#number").click();
      await expect(page.locator("#number")).toHaveText("Call (312) 555-7788 clicked 1");
      const left = await page.evaluate(() => {
        const { warnings, root } = window as unknown as { warnings: string[]; root: Element };
        return { warnings, same: root === document.querySelector("#number") };
      });
      expect({ ...left, errors }).toEqual({ warnings: [], same: true, errors: [] });
    });

  test("not marked, Vue says that its text has changed, and the number is swapped all the same", async ({ page, site, tracker }) => {
    const { rendered, script } = await vuePage();
    site.file("/client.js", script);
    tracker.rules = [["*", "", "", [["+13125557788"]]]];
    await page.goto(site.page("/", `<div id="app">${rendered}</div><script src="/client.js"></script>`));
    await expect(page.locator("html")).toHaveAttribute("data-hydrated", "");
    expect(await page.evaluate(() => (window as unknown as { warnings: string[] }).warnings)).toEqual([expect.stringContaining("Hydration text mismatch")]);
    await expect(page.locator("#number")).toHaveText("Call (312) 555-7788 clicked 0");
    await page.locator("#number").click();
    await expect(page.locator("#number")).toHaveText("Call (312) 555-7788 clicked 1");
  });
});

test("trap 9: a prerendered page takes no number until it is looked at", async ({ page, site, tracker }) => {
  await page.addInitScript(() => Object.defineProperty(document, "prerendering", { configurable: true, value: true }));
  await page.goto(site.page("/", NUMBER));
  await expect(page.locator("#number")).toHaveText("(214) 555-0100");
  expect(tracker.log).toEqual([]);
  await page.evaluate(() => {
    Object.defineProperty(document, "prerendering", { value: false });
    document.dispatchEvent(new Event("prerenderingchange"));
  });
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
  expect(tracker.of("assign")).toHaveLength(1);
});

test("trap 14: a strict content security policy needs the loader's hash and the server's origin, nothing more", async ({ page, site, tracker }) => {
  const policy = `default-src 'none'; script-src ${hashOf(loader())} ${tracker.origin}; connect-src ${tracker.origin}`;
  await page.goto(site.page("/", NUMBER, { headers: { "Content-Security-Policy": policy } }));
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
  await tracker.asked(tells("shown"));
});

test("the all-inline form works whole under a policy that allows no script but itself, and fetches none", async ({ page, site, tracker }) => {
  const policy = `default-src 'none'; script-src ${hashOf(inline())}; connect-src ${tracker.origin}`;
  const options = { block: allInline(tracker.config()), headers: { "Content-Security-Policy": policy } };
  await page.goto(site.page("/", `${NUMBER}<a href="tel:+12145550100">1-21-HJJK-0100</a>`, options));
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
  await expect(page.locator("a")).toHaveText("1-31-2555-7788");
  const { event } = await tracker.asked(tells("shown"));
  expect(event!.events).toEqual([{ k: "shown", swaps: 3, page: site.url("/") }]);
  await page.locator("a").click();
  await tracker.asked(tells("tap"));
  await page.goto(site.page("/later", NUMBER, options));
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
  await tracker.asked(tells("page"));
  expect(tracker.of("assign")).toHaveLength(1);
  expect(tracker.of("core")).toEqual([]);
});

test("the all-inline form fetches the extras where the settings need them", async ({ page, site, tracker }) => {
  tracker.settings = { e: { a: ["data-phone"] } };
  await page.goto(site.page("/", `<button data-phone="+1-214-555-0100">x</button>`, { block: allInline(tracker.config()) }));
  await expect(page.locator("button")).toHaveAttribute("data-phone", "+1-312-555-7788");
  expect(tracker.of("core")).toEqual([]);
});

test("the one-tag form brings its own configuration and holds nothing up", async ({ page, site, tracker }) => {
  site.file("/loader.js", oneTag(tracker.config()));
  await page.goto(site.page("/", NUMBER, { block: `<script async src="/loader.js"></script>` }));
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
  await tracker.asked(tells("shown"));
  expect(tracker.of("assign")).toHaveLength(1);
});

test("an element called `tl` does not stop the snippet", async ({ page, site, tracker }) => {
  site.file("/loader.js", oneTag(tracker.config()));
  await page.goto(site.page("/", `<div id="tl"></div>${NUMBER}<script src="/loader.js"></script>`, { block: "" }));
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
});

test("text in a shadow root is swapped when asked for", async ({ page, site, tracker }) => {
  await page.goto(site.page("/", `${NUMBER}<div id="host"></div>`));
  await tracker.asked(tells("shown"));
  const texts = await page.evaluate(async () => {
    const root = document.querySelector("#host")!.attachShadow({ mode: "open" });
    root.innerHTML = "<p>214-555-0100</p>";
    const text = () => root.querySelector("p")!.textContent;
    await Promise.resolve();
    const before = text();
    (window as unknown as { tl(...call: unknown[]): void }).tl("swap", root);
    const after = text();
    root.querySelector("p")!.textContent = "(214) 555-0100";
    await Promise.resolve();
    return [before, after, text()];
  });
  expect(texts).toEqual(["214-555-0100", "312-555-7788", "(312) 555-7788"]);
});
