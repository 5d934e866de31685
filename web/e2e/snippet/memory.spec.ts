/** The first page asks once; later pages show the remembered number before anything is painted, and ask nobody. */
import { expect, frames, test, tl, watchFrames, watchSwap } from "./helpers/fixtures.ts";
import { gate } from "./helpers/serve.ts";
import { isAssign, MAIN, POOL, PRINTED, tells } from "./helpers/tracker.ts";

const NUMBER = `<p id="number">(214) 555-0100</p>`;

test("one request: the first page tells its campaign and its consent", async ({ page, site, tracker }) => {
  const url = `${site.page("/", NUMBER)}?utm_source=google&utm_medium=cpc&gclid=x`;
  await page.goto(url, { referer: "https://www.google.com/" });
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
  await tracker.asked(tells("shown"));
  expect(tracker.of("assign").map((asked) => asked.assign)).toEqual([
    { v: 1, c: 7, page: url, ref: "https://www.google.com/", consent: 2 },
  ]);
});

test("no request costs a preflight", async ({ page, site, tracker }) => {
  await page.goto(site.page("/", `${NUMBER}<a href="tel:+12145550100" onclick="return false">call</a>`));
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
  await tracker.asked(tells("shown"));
  await page.locator("a").click();
  await tracker.asked(tells("tap"));
  expect(tracker.of("preflight")).toEqual([]);
  expect(new Set([...tracker.of("assign"), ...tracker.of("event")].map((asked) => asked.type))).toEqual(new Set(["text/plain;charset=UTF-8"]));
});

test("on a later page the printed number is never painted, and nothing is asked before the swap", async ({ page, site, tracker }) => {
  await watchFrames(page, "#number");
  await watchSwap(page, "(312) 555-7788");
  await page.goto(site.page("/", NUMBER));
  await tracker.asked(tells("shown"));
  await expect.poll(() => page.evaluate(() => JSON.parse(Object.values(localStorage)[0] ?? "{}").s)).toBe(1);

  const asked = tracker.log.length;
  tracker.answers = () => "hang";
  const rest = gate();
  const parts = [`${NUMBER}<div style="height:10px;background:#000"></div>`, rest.opened, `<p id="end">(214) 555-0100</p>`];
  await page.goto(site.page("/second", parts), { waitUntil: "commit" });
  // Chromium paints what it has while the rest of the document is still on its way.
  await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
  expect([...new Set(await frames(page))]).toEqual(["(312) 555-7788"]);
  const swappedAt = await page.evaluate(() => (window as unknown as { swappedAt: number }).swappedAt);
  // The first page says good-bye with a beat; this one tells that it was opened, after its swap.
  const told = tracker.log.slice(asked).filter((one) => !tells("beat")(one));
  expect(told.filter((one) => one.path != "event" || one.at < swappedAt)).toEqual([]);
  rest.open();
  await expect(page.locator("#end")).toHaveText("(312) 555-7788");
  expect([...new Set(await frames(page))]).toEqual(["(312) 555-7788"]);
});

test("a later page reports itself with the token, a new arrival is assigned anew", async ({ page, site, tracker }) => {
  await page.goto(site.page("/", NUMBER));
  await tracker.asked(tells("shown"));
  await expect.poll(() => page.evaluate(() => JSON.parse(Object.values(localStorage)[0] ?? "{}").s)).toBe(1);

  const told = tracker.next(tells("page"));
  const second = site.page("/second", NUMBER);
  await page.goto(second, { referer: site.url("/") });
  expect((await told).event).toMatchObject({ v: 1, c: 7, token: "token-1" });
  expect((await told).event!.events[0]).toEqual({ k: "page", page: second, ref: site.url("/") });
  await tracker.asked((asked) => asked.event?.events.some((event) => event.k == "shown" && event.page == second) ?? false);
  expect(tracker.of("assign")).toHaveLength(1);

  const arrival = tracker.next(isAssign);
  await page.goto(`${second}?gclid=again`);
  expect((await arrival).assign).toMatchObject({ token: "token-1", page: `${second}?gclid=again` });
  const foreign = tracker.next(isAssign);
  await page.goto(second, { referer: "https://www.bing.com/" });
  expect((await foreign).assign!.ref).toBe("https://www.bing.com/");
});

test("an expired assignment is asked for again with its token, and not shown before", async ({ page, site, tracker }) => {
  await page.goto(site.page("/", NUMBER));
  await tracker.asked(tells("shown"));
  await expect.poll(() => page.evaluate(() => JSON.parse(Object.values(localStorage)[0] ?? "{}").s)).toBe(1);
  // From a page without the snippet, which would say good-bye and keep its number longer.
  await page.goto(site.file("/elsewhere", "<p>Elsewhere</p>", { "Content-Type": "text/html" }));
  await page.evaluate(() => {
    for (const [key, memory] of Object.entries(localStorage)) localStorage[key] = JSON.stringify({ ...JSON.parse(memory), x: Date.now() - 1 });
  });
  const answer = gate();
  tracker.answers = async () => (await answer.opened, { status: 200, body: tracker.answer() });
  const asked = tracker.next(isAssign);
  await page.goto(site.page("/second", NUMBER), { waitUntil: "commit" });
  expect((await asked).assign!.token).toBe("token-1");
  await expect(page.locator("#number")).toHaveText("(214) 555-0100");
  answer.open();
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
});

test("until a beacon has confirmed it, a number from a pool is remembered for 90 seconds only", async ({ page, site }) => {
  await page.goto(site.page("/", `<p>no number here</p>`));
  await expect.poll(() => page.evaluate(() => JSON.parse(Object.values(localStorage)[0] ?? "{}").x - Date.now())).toBeGreaterThan(0);
  expect(await page.evaluate(() => JSON.parse(Object.values(localStorage)[0]).x - Date.now())).toBeLessThanOrEqual(90_000);
});

test("a source's number is remembered for its whole time", async ({ page, site, tracker }) => {
  tracker.answers = () => ({ status: 200, body: tracker.answer({ kind: "source", token: "t" }) });
  await page.goto(site.page("/", `<p>no number here</p>`));
  await expect.poll(() => page.evaluate(() => JSON.parse(Object.values(localStorage)[0] ?? "{}").x - Date.now())).toBeGreaterThan(1_700_000);
});

const REFUSED = { status: 401, body: { type: "about:blank", title: "token", status: 401 } };
const NEXT = "+14695550011";

test("a number that was lost is asked for again at once, and the page shows and confirms the new one", async ({ page, site, tracker }) => {
  tracker.events = (token) => (token == "token-1" ? REFUSED : { status: 204 });
  tracker.answers = (request) => ({ status: 200, body: tracker.answer(request.token ? { numbers: [{ t: MAIN, n: NEXT }] } : {}) });
  const url = site.page("/", NUMBER);
  await page.goto(`${url}?gclid=x`);
  const confirmed = await tracker.asked((asked) => tells("shown")(asked) && asked.event?.token != "token-1");
  expect(confirmed.event).toMatchObject({ token: "token-2", events: [{ k: "shown", swaps: 1 }] });
  await expect(page.locator("#number")).toHaveText("(469) 555-0011");
  await expect.poll(() => page.evaluate(() => JSON.parse(Object.values(localStorage)[0] ?? "{}"))).toMatchObject({ token: "token-2", s: 1 });
  // The visitor is known by the token; neither the click id nor the first referrer is told again.
  expect(tracker.of("assign")).toHaveLength(2);
  expect(tracker.of("assign")[1]!.assign).toMatchObject({ token: "token-1", page: url, ref: site.origin });
});

test("a number lost on a remembered page is replaced there too, and lost again later it is asked for again", async ({ page, site, tracker }) => {
  await page.clock.install();
  await page.goto(site.page("/", NUMBER));
  await expect.poll(() => page.evaluate(() => JSON.parse(Object.values(localStorage)[0] ?? "{}").s)).toBe(1);
  const taken = new Set(["token-2", "token-3"]);
  tracker.events = (token) => (taken.has(token) ? { status: 204 } : REFUSED);
  tracker.answers = () => ({ status: 200, body: tracker.answer({ numbers: [{ t: MAIN, n: NEXT }] }) });
  await page.goto(site.page("/second", NUMBER));
  await expect(page.locator("#number")).toHaveText("(469) 555-0011");
  await expect.poll(() => page.evaluate(() => JSON.parse(Object.values(localStorage)[0] ?? "{}"))).toMatchObject({ token: "token-2", s: 1 });
  taken.delete("token-2");
  tracker.answers = () => ({ status: 200, body: tracker.answer() });
  await page.clock.runFor(20_000);
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
  await tracker.asked((asked) => tells("shown")(asked) && asked.event?.token == "token-3");
  expect(tracker.of("assign").map((asked) => asked.assign!.token)).toEqual([undefined, "token-1", "token-2"]);
});

test("a second refusal in a row asks no more: the printed number is back, and the next page asks with the token", async ({ page, site, tracker }) => {
  tracker.events = () => REFUSED;
  tracker.answers = (request) => ({ status: 200, body: tracker.answer(request.token ? { numbers: [{ t: MAIN, n: NEXT }] } : {}) });
  await page.goto(site.page("/", `${NUMBER}<a href="tel:+12145550100" onclick="return false">call</a>`));
  await tracker.asked((asked) => tells("shown")(asked) && asked.event?.token == "token-2");
  await expect(page.locator("#number")).toHaveText("(214) 555-0100");
  await page.locator("a").click();
  expect(await page.evaluate(() => JSON.parse(Object.values(localStorage)[0] ?? "{}").token)).toBe("token-2");
  tracker.events = () => ({ status: 204 });
  await page.goto(site.page("/second", NUMBER));
  await expect(page.locator("#number")).toHaveText("(469) 555-0011");
  await tracker.asked((asked) => tells("shown")(asked) && asked.event?.token == "token-3");
  expect(tracker.of("assign").map((asked) => asked.assign!.token)).toEqual([undefined, "token-1", "token-2"]);
  // Nothing but the two first reports was said for numbers that were not the visitor's.
  expect(tracker.of("event").filter((asked) => asked.event!.token != "token-3")).toHaveLength(2);
});

for (const [name, reply] of [
  ["no answer", { status: 503 }],
  ["an answer without numbers", { status: 200, body: { token: null, numbers: [], kind: "none", ttl: 0, beat: 20, c: 7 } }],
] as const)
  test(`a lost number with ${name} gives way to the printed one, and the visitor stays known`, async ({ page, site, tracker }) => {
    tracker.events = () => REFUSED;
    tracker.answers = (request) => (request.token ? reply : { status: 200, body: tracker.answer() });
    await page.goto(site.page("/", NUMBER));
    await tracker.asked((asked) => asked.assign?.token == "token-1");
    await expect(page.locator("#number")).toHaveText("(214) 555-0100");
    await expect.poll(() => page.evaluate(() => JSON.parse(Object.values(localStorage)[0] ?? "{}"))).toMatchObject({ token: "token-1", numbers: [] });
    const asked = tracker.next(isAssign);
    await watchFrames(page, "#number");
    await page.goto(site.page("/second", NUMBER));
    expect((await asked).assign!.token).toBe("token-1");
    expect([...new Set(await frames(page))]).toEqual(["(214) 555-0100"]);
    expect(tracker.of("assign")).toHaveLength(3);
  });

test("source-level numbers are shown at once and without any request", async ({ page, site, tracker }) => {
  await watchFrames(page, "#number");
  tracker.rules = [
    ["p", "gclid", ".+", [["+14695550001"]]],
    ["p", "utm_source", "news(letter)?", [["+14695550002"]]],
    ["p", "utm_source utm_medium", "bing (?:cpc|ppc)", [["+14695550005"]]],
    ["p", "utm_source utm_medium", "\\S.* (?:none)?", [["+14695550006"]]],
    // The server names the site's own hosts first: a referrer of theirs is a direct visit.
    ["r", "", "(?:.+\\.)?127\\.0\\.0\\.1", [["+14695550004"]]],
    ["r", "", "(www\\.)?bing\\.com", [["+14695550003"]]],
    ["r", "", ".*", [null]],
    ["*", "", "", [["+14695550004"]]],
  ];
  tracker.answers = () => "hang";
  tracker.coreReply = () => "hang";
  site.page("/", NUMBER);
  for (const [search, referer, expected] of [
    ["?gclid=1", "https://www.bing.com/", "(469) 555-0001"],
    ["?utm_source=Newsletter", undefined, "(469) 555-0002"],
    ["?utm_source=Bing&utm_medium=CPC", "https://www.bing.com/", "(469) 555-0005"],
    ["?utm_source=bing", undefined, "(469) 555-0006"],
    ["?utm_medium=cpc", undefined, "(469) 555-0004"],
    ["?utm_source=newspaper&utm_medium=print", "https://bing.com/", "(469) 555-0003"],
    ["?utm_source=newspaper&utm_medium=print", "https://notbing.com/", "(214) 555-0100"],
    ["", undefined, "(469) 555-0004"],
    ["", site.url("/other"), "(469) 555-0004"],
  ] as const) {
    await page.goto(site.url(`/${search}`), referer ? { referer } : {});
    await expect(page.locator("#number")).toHaveText(expected);
    expect([...new Set(await frames(page))], search).toEqual([expected]);
  }
});

test("the server's answer wins over the source's number, and a source's number stays where the server is away", async ({ page, site, tracker }) => {
  tracker.targets = [
    [MAIN, PRINTED],
    ["swt_two", "+12145550200"],
  ];
  tracker.rules = [["*", "", "", [["+14695550001"], ["+14695550002"]]]];
  const answer = gate();
  tracker.answers = async () => (await answer.opened, { status: 200, body: tracker.answer() });
  await page.goto(site.page("/", `${NUMBER}<p id="two">(214) 555-0200</p>`));
  await expect(page.locator("#number")).toHaveText("(469) 555-0001");
  await expect(page.locator("#two")).toHaveText("(469) 555-0002");
  answer.open();
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
  await expect(page.locator("#two")).toHaveText("(469) 555-0002");
  tracker.answers = () => ({ status: 503 });
  await page.goto(site.file("/elsewhere", "<p>Elsewhere</p>", { "Content-Type": "text/html" }));
  await page.evaluate(() => localStorage.clear());
  await page.goto(site.url("/"));
  await expect(page.locator("#number")).toHaveText("(469) 555-0001");
});

test("a visitor who came by an advertisement keeps its number on later pages, whatever the rules say of them", async ({ page, site, tracker }) => {
  tracker.rules = [
    ["p", "gclid", ".+", [["+14695550001"]]],
    ["*", "", "", [["+14695550004"]]],
  ];
  tracker.answers = () => ({ status: 200, body: tracker.answer({ kind: "source", numbers: [{ t: MAIN, n: "+14695550001" }] }) });
  await page.goto(`${site.page("/", NUMBER)}?gclid=1`);
  await tracker.asked(tells("shown"));
  await watchFrames(page, "#number");
  await page.goto(site.page("/second", NUMBER), { referer: site.url("/") });
  await expect(page.locator("#number")).toHaveText("(469) 555-0001");
  expect([...new Set(await frames(page))]).toEqual(["(469) 555-0001"]);
});

test("templates may ask for the number, before and after it is there", async ({ page, site, tracker }) => {
  const answer = gate();
  tracker.answers = async () => (await answer.opened, { status: 200, body: tracker.answer() });
  await page.goto(site.page("/", NUMBER, { head: `<script>var heard = []; tl("number", "${MAIN}", function (n) { heard.push(n) })</script>` }));
  await page.waitForFunction(() => (window as unknown as { heard: string[] }).heard.length == 1);
  expect(await tl(page, "number")).toBe(PRINTED);
  answer.open();
  await page.waitForFunction(() => (window as unknown as { heard: string[] }).heard.length == 2);
  expect(await tl(page, "number", MAIN)).toBe(POOL);
  expect(await page.evaluate(() => (window as unknown as { heard: string[] }).heard)).toEqual([PRINTED, POOL]);
});

test("another tab's newer assignment is taken over", async ({ page, context, site, tracker }) => {
  await page.goto(site.page("/", NUMBER));
  await tracker.asked(tells("shown"));
  await expect.poll(() => page.evaluate(() => JSON.parse(Object.values(localStorage)[0] ?? "{}").s)).toBe(1);
  tracker.answers = () => ({ status: 200, body: tracker.answer({ numbers: [{ t: MAIN, n: "+14695550011" }] }) });
  const other = await context.newPage();
  await other.goto(`${site.url("/")}?gclid=new`);
  await expect(other.locator("#number")).toHaveText("(469) 555-0011");
  await expect(page.locator("#number")).toHaveText("(469) 555-0011");
});

test("an arrival by one of the owner's own parameters is a new touch, whatever is remembered", async ({ page, site, tracker }) => {
  tracker.rules = [["p", "partner", "van", [["+14695550001"]]]];
  await page.goto(site.page("/", NUMBER));
  await tracker.asked(tells("shown"));
  const again = tracker.next(isAssign);
  await page.goto(`${site.page("/", NUMBER)}?partner=van`);
  expect((await again).assign!.page).toContain("partner=van");
});

for (const [who, agent, shown] of [
  ["a crawler", "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1; +http://www.google.com/bot.html) Chrome/131.0 Safari/537.36", "(214) 555-0100"],
  ["a crawler without rules of its own", "Mozilla/5.0 (compatible; Baiduspider-render/2.0)", "(214) 555-0100"],
  ["a telephone made by CUBOT", "Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36", "(469) 555-0001"],
] as const)
  test(`${who} sees ${shown} where a rule names another number`, async ({ browser, site, tracker }) => {
    tracker.rules = [["*", "", "", [["+14695550001"]]]];
    tracker.answers = () => "hang";
    const context = await browser.newContext({ userAgent: agent });
    const page = await context.newPage();
    await page.goto(site.page("/", NUMBER), { waitUntil: "load" });
    await expect(page.locator("#number")).toHaveText(shown);
    expect(tracker.of("assign").length > 0).toBe(shown != "(214) 555-0100");
    await context.close();
  });
