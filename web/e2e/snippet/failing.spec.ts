/** Whatever fails, the page keeps its numbers, its `load` and its peace. */
import { answered, expect, test, watchAnswers } from "./helpers/fixtures.ts";
import { block } from "./helpers/block.ts";
import { isAssign, tells, type Reply } from "./helpers/tracker.ts";

const NUMBER = `<p id="number">(214) 555-0100</p>`;
const PRINTED_TEXT = "(214) 555-0100";

test("a server that hangs does not hold up `load`", async ({ page, site, tracker }) => {
  tracker.answers = () => "hang";
  tracker.coreReply = () => "hang";
  await page.goto(site.page("/", NUMBER), { waitUntil: "load" });
  await tracker.asked(isAssign);
  await tracker.asked((asked) => asked.path == "core");
  await expect(page.locator("#number")).toHaveText(PRINTED_TEXT);
});

test.describe("by the real clock", () => {
  test.use({ patient: false });

  test("an assignment that takes longer than four seconds is given up", async ({ page, site, tracker }) => {
    tracker.answers = () => "hang";
    const started = Date.now();
    const failed = page.waitForEvent("requestfailed", (request) => request.url().endsWith("/assign"));
    await page.goto(site.page("/", NUMBER));
    await failed;
    expect(Date.now() - started).toBeGreaterThanOrEqual(3_900);
    await expect(page.locator("#number")).toHaveText(PRINTED_TEXT);
  });
});

test("a server that is down leaves the page alone", async ({ page, site, tracker }) => {
  site.page("/", NUMBER, { block: block(tracker.config()) });
  await tracker.close();
  await page.goto(site.url("/"), { waitUntil: "load" });
  await expect(page.locator("#number")).toHaveText(PRINTED_TEXT);
});

test("a core that cannot be loaded costs the beacons, not the swap", async ({ page, site, tracker }) => {
  await page.goto(site.page("/", NUMBER, { block: block(tracker.config({ k: "http://127.0.0.1:1/core.js" })) }));
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
  await page.evaluate(() => document.body.append("214-555-0100"));
  await expect(page.locator("body")).toContainText("312-555-7788");
});

const replies: [what: string, reply: Reply][] = [
  ["a problem", { status: 503, body: { type: "about:blank", title: "busy", status: 503 } }],
  ["an unknown site", { status: 404, body: { type: "about:blank", title: "no such site", status: 404 } }],
  ["a page of a captive portal", { status: 200, body: "<html>Please sign in</html>" }],
  ["nothing", { status: 200, body: "" }],
  ["null", { status: 200, body: null }],
  ["no numbers", { status: 200, body: { token: null, kind: "none", ttl: 0, beat: 20 } }],
  ["an empty list", { status: 200, body: { token: null, numbers: [], kind: "none", ttl: 0, beat: 20, c: 7 } }],
  ["a target nobody knows", { status: 200, body: { token: "t", numbers: [{ t: "swt_gone", n: "+13125557788" }], kind: "pool", ttl: 1, beat: 20, c: 7 } }],
];
for (const [what, reply] of replies)
  test(`an answer that is ${what} leaves the page alone`, async ({ page, site, tracker }) => {
    tracker.answers = () => reply;
    await watchAnswers(page);
    await page.goto(site.page("/", `${NUMBER}<a href="tel:+12145550100">call</a>`));
    await answered(page);
    await expect(page.locator("#number")).toHaveText(PRINTED_TEXT);
    await expect(page.locator("a")).toHaveAttribute("href", "tel:+12145550100");
  });

for (const [what, remembered] of [
  ["broken", "{"],
  ["of another kind", '"x"'],
  ["null", "null"],
  ["without numbers", '{"x":99999999999999}'],
] as const)
  test(`storage that holds something ${what} is no obstacle`, async ({ page, site, tracker }) => {
    await page.goto(site.file("/elsewhere", "<p>Elsewhere</p>", { "Content-Type": "text/html" }));
    await page.evaluate(([key, value]) => (localStorage[key] = value), [tracker.config().u, remembered] as const);
    await page.goto(site.page("/", NUMBER));
    await expect(page.locator("#number")).toHaveText("(312) 555-7788");
  });

test("a browser without storage shows the number all the same", async ({ page, site }) => {
  await page.addInitScript(() => Object.defineProperty(window, "localStorage", { get: () => { throw new DOMException("denied", "SecurityError"); } }));
  await page.goto(site.page("/", NUMBER));
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
});

for (const [what, config] of [
  ["missing", ""],
  ["broken", `<script type="application/json" id="trunkline-config">{</script>`],
] as const)
  test(`a ${what} configuration leaves the page alone`, async ({ page, site, tracker }) => {
    const script = block(tracker.config()).replace(/^.*<\/script>\n/, "");
    await page.goto(site.page("/", NUMBER, { block: config + script }));
    await expect(page.locator("#number")).toHaveText(PRINTED_TEXT);
    expect(tracker.log).toEqual([]);
  });

test("a rule that is no expression costs the swap, not the page", async ({ page, site, tracker }) => {
  tracker.rules = [["p", "gclid", "(", [["+14695550001"]]]];
  await page.goto(`${site.page("/", NUMBER)}?gclid=1`);
  await expect(page.locator("#number")).toHaveText(PRINTED_TEXT);
});

test("a script of the page that throws in its callback does not stop the swap, nor what comes after it", async ({ page, site, tracker, uncaught }) => {
  await page.goto(site.page("/", NUMBER, { head: `<script>tl("number", "swt_main", function () { throw new Error("mine") })</script>` }));
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
  await tracker.asked(tells("shown"));
  await expect.poll(() => uncaught.length).toBeGreaterThan(0);
  // Told that it is the page's own, and of nothing else.
  for (const error of uncaught.splice(0)) expect(error).toContain("mine");
});

test("a browser without what the snippet needs is left alone", async ({ page, site, tracker }) => {
  await page.addInitScript(() => Object.assign(window, { fetch: undefined, AbortSignal: undefined }));
  await page.goto(site.page("/", NUMBER));
  await expect(page.locator("#number")).toHaveText(PRINTED_TEXT);
  expect(tracker.of("assign")).toEqual([]);
});
