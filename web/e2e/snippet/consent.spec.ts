/** What is stored, asked and shown at each level of consent. */
import { answered, expect, test, tl, watchAnswers } from "./helpers/fixtures.ts";
import { gate } from "./helpers/serve.ts";
import { isAssign, MAIN, tells } from "./helpers/tracker.ts";

const NUMBER = `<p id="number">(214) 555-0100</p>`;
const stored = () => JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie;

test("while consent waits, the source's number is shown, nothing is stored and nobody is asked", async ({ page, site, tracker }) => {
  tracker.rules = [["p", "gclid", ".+", [["+14695550001"]]]];
  await page.goto(`${site.page("/", NUMBER, { script: ' data-consent="wait"' })}?gclid=1`);
  await expect(page.locator("#number")).toHaveText("(469) 555-0001");
  await tracker.asked((asked) => asked.path == "core");
  await expect.poll(() => tl(page, "number")).toBe("+14695550001");
  expect(await page.evaluate(stored)).toBe("{}");
  expect(tracker.log.map((asked) => asked.path)).toEqual(["core"]);

  const asked = tracker.next(isAssign);
  await tl(page, "consent", true);
  expect((await asked).assign).toMatchObject({ consent: 2, page: `${site.url("/")}?gclid=1` });
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
  await tracker.asked(tells("shown"));
  expect(await page.evaluate(stored)).toContain("token-1");
});

test("without consent and without a rule, one request asks for the source's number and leaves nothing behind", async ({ page, site, tracker }) => {
  tracker.answers = () => ({ status: 200, body: tracker.answer({ token: null, kind: "source", numbers: [{ t: MAIN, n: "+14695550001" }] }) });
  await page.goto(site.page("/", `${NUMBER}<a href="tel:+12145550100" onclick="return false">x</a>`, { html: ' data-consent="wait"' }));
  await expect(page.locator("#number")).toHaveText("(469) 555-0001");
  expect(tracker.of("assign")[0]!.assign).toMatchObject({ consent: 0 });
  expect(tracker.of("assign")[0]!.assign).not.toHaveProperty("token");
  await tl(page, "consent", false);
  await page.locator("a").click();
  await expect(page.locator("#number")).toHaveText("(469) 555-0001");
  expect(await page.evaluate(stored)).toBe("{}");
  expect(tracker.of("event")).toEqual([]);
});

test("with consent to memory only, the session lives as long as the page", async ({ page, site, tracker }) => {
  await page.goto(site.page("/", NUMBER, { html: ' data-consent="1"' }));
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
  expect(tracker.of("assign")[0]!.assign!.consent).toBe(1);
  await tracker.asked(tells("shown"));
  expect(await page.evaluate(stored)).toBe("{}");
  const asked = tracker.next(isAssign);
  await page.goto(site.page("/second", NUMBER, { html: ' data-consent="1"' }));
  expect((await asked).assign).not.toHaveProperty("token");
});

test("consent withdrawn takes number, token and storage away, also when the answer is still under way", async ({ page, site, tracker }) => {
  const answer = gate();
  tracker.answers = async () => (await answer.opened, { status: 200, body: tracker.answer() });
  await watchAnswers(page);
  await page.goto(site.page("/", NUMBER));
  await tracker.asked(isAssign);
  await expect.poll(() => tl(page, "number")).toBe("+12145550100");
  await tl(page, "consent", false);
  answer.open();
  await answered(page);
  await expect(page.locator("#number")).toHaveText("(214) 555-0100");
  expect(await page.evaluate(stored)).toBe("{}");

  tracker.answers = () => ({ status: 200, body: tracker.answer() });
  await tl(page, "consent", true);
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
  await tracker.asked(tells("shown"));
  await tl(page, "consent", false);
  await expect(page.locator("#number")).toHaveText("(214) 555-0100");
  expect(await page.evaluate(stored)).toBe("{}");
});

test("who has consented before is remembered although the page waits for consent", async ({ page, site, tracker }) => {
  site.page("/", NUMBER, { html: ' data-consent="wait"' });
  await page.goto(site.url("/"));
  await tracker.asked(isAssign);
  await tl(page, "consent", true);
  await tracker.asked(tells("shown"));
  await expect.poll(() => page.evaluate(() => JSON.parse(Object.values(localStorage)[0] ?? "{}").s)).toBe(1);
  const asked = tracker.of("assign").length;
  tracker.answers = () => "hang";
  await page.reload();
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
  await tracker.asked(tells("page"));
  expect(tracker.of("assign")).toHaveLength(asked);
});
