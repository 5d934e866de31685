/** What a site may set: where numbers are swapped, which, and when a visitor gets one. */
import { expect, frames, look, test, tl, watchFrames } from "./helpers/fixtures.ts";
import { serve } from "./helpers/serve.ts";
import { isAssign, MAIN, tells } from "./helpers/tracker.ts";

const FAX = "469-555-0199";

test("by selector, numbers are swapped only there, and never in what is excluded, before the first paint of a later page", async ({ page, site, tracker }) => {
  tracker.settings = { o: ":is(.phone,.phone *):not(:is(.fax,.fax *))" };
  const body = `<p id="out">214-555-0100</p><p class="phone" id="in">Call <b>(214)</b> 555-0100</p>
    <p class="phone"><span class="fax" id="fax">214-555-0100</span></p><a id="link" href="tel:+12145550100">x</a><a class="phone" id="tel" href="tel:+12145550100">x</a>`;
  await page.goto(site.page("/", body));
  await expect(page.locator("#in")).toHaveText("Call (312) 555-7788");
  await expect(page.locator("#tel")).toHaveAttribute("href", "tel:+13125557788");
  await expect(page.locator("#out")).toHaveText("214-555-0100");
  await expect(page.locator("#fax")).toHaveText("214-555-0100");
  await expect(page.locator("#link")).toHaveAttribute("href", "tel:+12145550100");
  const { event } = await tracker.asked(tells("shown"));
  expect(event!.events[0]!.swaps).toBe(3);
  await page.waitForFunction(() => JSON.parse(Object.values(localStorage)[0] ?? "{}").s === 1);
  await watchFrames(page, "#in");
  await page.goto(site.page("/later", body));
  await expect(page.locator("#in")).toHaveText("Call (312) 555-7788");
  expect((await frames(page)).filter((text) => text.includes("214"))).toEqual([]);
});

test("a selector that this browser cannot read leaves the page alone and throws nothing", async ({ page, site, tracker }) => {
  tracker.settings = { o: ":is(:unheard-of(x),:unheard-of(x) *)" };
  await page.goto(site.page("/", `<p id="number">214-555-0100</p>`));
  await tracker.asked(isAssign);
  await tracker.asked((asked) => asked.path == "core");
  await page.evaluate(() => document.body.append("214-555-0100"));
  await expect(page.locator("#number")).toHaveText("214-555-0100");
});

test("further attributes are swapped and followed", async ({ page, site, tracker }) => {
  tracker.settings = { e: { a: ["data-phone"] } };
  await page.goto(site.page("/", `<button id="b" data-phone="+1-214-555-0100" data-other="214-555-0100">x</button>`));
  await expect(page.locator("#b")).toHaveAttribute("data-phone", "+1-312-555-7788");
  await expect(page.locator("#b")).toHaveAttribute("data-other", "214-555-0100");
  await page.evaluate(() => document.querySelector("#b")!.setAttribute("data-phone", "(214) 555-0100"));
  await expect(page.locator("#b")).toHaveAttribute("data-phone", "(312) 555-7788");
  expect((await tracker.asked(tells("shown"))).event!.events[0]!.swaps).toBe(1);
});

test("a site without special settings never fetches the extras", async ({ page, site, tracker }) => {
  await page.goto(site.page("/", `<p>214-555-0100</p>`));
  await tracker.asked(tells("shown"));
  expect(tracker.of("extras")).toEqual([]);
});

test("found by themselves, plausible numbers become the main target's, but not the fax, and are swapped at once on the next page", async ({ page, site, tracker }) => {
  tracker.settings = { o: ":not(:is(.partners,.partners *))", e: { m: "auto", c: "1", x: ["+14695550199"] } };
  const body = `<p id="a">Call (469) 555-0123</p><a id="tel" href="tel:4695550124">x</a><p id="fax">Fax ${FAX}</p>
    <p class="partners" id="partner">Partner 469-555-0150</p><p id="order">Order 4695550123, 2026-11-23 10:00</p><p id="main">214-555-0100</p><code id="code">469-555-0160</code>`;
  const result = async () => {
    await expect(page.locator("#a")).toHaveText("Call (312) 555-7788");
    await expect(page.locator("#tel")).toHaveAttribute("href", "tel:3125557788");
    await expect(page.locator("#main")).toHaveText("312-555-7788");
    await expect(page.locator("#fax")).toHaveText(`Fax ${FAX}`);
    await expect(page.locator("#partner")).toHaveText("Partner 469-555-0150");
    await expect(page.locator("#code")).toHaveText("469-555-0160");
  };
  await page.goto(site.page("/", body));
  await result();
  await tracker.asked(tells("shown"));
  await page.waitForFunction(() => JSON.parse(Object.values(localStorage)[0] ?? "{}").s === 1);
  await page.evaluate(() => (document.querySelector("#a")!.textContent = "or 469.555.0177"));
  await expect(page.locator("#a")).toHaveText("or 312.555.7788");
  await watchFrames(page, "#a");
  await page.goto(site.page("/later", body));
  await result();
  expect((await frames(page)).filter((text) => text.includes("469"))).toEqual([]);
  await tl(page, "consent", false);
  await expect(page.locator("#a")).toHaveText("Call (469) 555-0123");
  await expect(page.locator("#main")).toHaveText("214-555-0100");
});

test("by attribute, an element shows the target it names, whichever number stands in it", async ({ page, site, tracker }) => {
  tracker.targets = [
    [MAIN, "+12145550100"],
    ["swt_sales", "+12145550200"],
  ];
  tracker.settings = { o: ":is([data-tl-number],[data-tl-number] *)", e: { m: "attribute", n: ["Main line", "Sales"], c: "1" } };
  tracker.answers = () => ({
    status: 200,
    body: tracker.answer({
      numbers: [
        { t: MAIN, n: "+13125557788" },
        { t: "swt_sales", n: "+13125559999" },
      ],
    }),
  });
  await page.goto(
    site.page(
      "/",
      `<p id="plain">214-555-0100</p><p data-tl-number="main line" id="main">214-555-0100</p><a data-tl-number="Sales" id="sales" href="tel:+12145550100">(214) 555-0100</a>
       <p data-tl-number="Nobody" id="nobody">469-555-0123</p><div id="room"></div>`,
    ),
  );
  await expect(page.locator("#sales")).toHaveText("(312) 555-9999");
  await expect(page.locator("#sales")).toHaveAttribute("href", "tel:+13125559999");
  await expect(page.locator("#main")).toHaveText("312-555-7788");
  await expect(page.locator("#plain")).toHaveText("214-555-0100");
  await expect(page.locator("#nobody")).toHaveText("469-555-0123");
  await page.evaluate(() => (document.querySelector("#room")!.innerHTML = '<b data-tl-number="Sales">469 555 0123</b>'));
  await expect(page.locator("#room b")).toHaveText("312 555 9999");
});

test("JSON-LD keeps its form, and only its telephone fields are swapped", async ({ page, site, tracker }) => {
  tracker.settings = { e: { j: 1 } };
  const data = `{\n "@type": "Plumber", "name": "214-555-0100 Plumbing",  "telephone" : "+1-214-555-0100",\n "faxNumber": "214-555-0100",\n "department": [{"telephone": ["(214) 555-0100", "469-555-0123"]}]}`;
  await page.goto(site.page("/", `<p id="number">214-555-0100</p>`, { head: `<script type="application/ld+json" id="ld">${data}</script>` }));
  await expect(page.locator("#number")).toHaveText("312-555-7788");
  const swapped = data.replace('"+1-214-555-0100"', '"+1-312-555-7788"').replace('"(214) 555-0100"', '"(312) 555-7788"');
  await expect.poll(() => page.locator("#ld").evaluate((script) => script.textContent)).toBe(swapped);
  await tracker.asked(tells("shown"));
  await tl(page, "consent", false);
  await expect.poll(() => page.locator("#ld").evaluate((script) => script.textContent)).toBe(data);
});

test("frames of the same origin are swapped and their taps counted, others are not", async ({ page, site, tracker }) => {
  tracker.settings = { e: { i: 1 } };
  const other = await serve((_request, response) => void response.setHeader("Content-Type", "text/html").end("<p>214-555-0100</p>"));
  site.page("/frame", `<p id="inner">214-555-0100</p><a href="tel:+12145550100" onclick="event.preventDefault()">x</a>`, { block: "" });
  await page.goto(site.page("/", `<iframe id="own" src="/frame"></iframe><iframe id="other" src="${other.origin}"></iframe>`));
  const own = page.frameLocator("#own");
  await expect(own.locator("#inner")).toHaveText("312-555-7788");
  await expect(page.frameLocator("#other").locator("p")).toHaveText("214-555-0100");
  expect((await tracker.asked(tells("shown"))).event!.events[0]!.swaps).toBe(2);
  await own.locator("a").click();
  expect((await tracker.asked(tells("tap"))).event!.events[0]).toMatchObject({ k: "tap", n: "+13125557788" });
  await other.close();
});

test("open shadow roots are swapped, now and later, also when the number changes", async ({ page, site, tracker }) => {
  tracker.settings = { e: { s: 1 } };
  await page.goto(
    site.page("/", `<x-card></x-card>`, {
      head: `<script>customElements.define("x-card", class extends HTMLElement { connectedCallback() { this.attachShadow({ mode: "open" }).innerHTML = "<p>214-555-0100</p>"; } })</script>`,
    }),
  );
  await expect(page.locator("x-card").first().locator("p")).toHaveText("312-555-7788");
  await page.evaluate(() => document.body.append(document.createElement("x-card")));
  await expect(page.locator("x-card").last().locator("p")).toHaveText("312-555-7788");
  expect((await tracker.asked(tells("shown"))).event!.events[0]!.swaps).toBeGreaterThan(0);
  await tl(page, "consent", false);
  await expect(page.locator("x-card").last().locator("p")).toHaveText("214-555-0100");
});

test.describe("a number of one's own only when it is needed", () => {
  const gives = (when: "view" | "intent") => (request: { want?: number }) => ({ kind: request.want ? "pool" : "none", when: request.want ? undefined : when });
  test.beforeEach(({ tracker }) => {
    tracker.rules = [["*", "", "", [["+18005550111"]]]];
  });

  test("when it scrolls into view", async ({ page, site, tracker }) => {
    tracker.answers = (request) => {
      const { when } = gives("view")(request);
      return { status: 200, body: when ? tracker.answer({ kind: "source", numbers: [{ t: MAIN, n: "+18005550111" }], w: when }) : tracker.answer() };
    };
    await page.goto(site.page("/", `<div style="height:5000px">Top</div><p id="number">Call <b>214</b>-555-0100</p>`));
    await expect(page.locator("#number")).toHaveText("Call 800-555-0111");
    await tracker.asked((asked) => asked.path == "extras");
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100))));
    expect(tracker.of("assign")).toHaveLength(1);
    await page.locator("#number").scrollIntoViewIfNeeded();
    await expect(page.locator("#number")).toHaveText("Call 312-555-7788");
    expect(tracker.of("assign").map((asked) => asked.assign!.want ?? 0)).toEqual([0, 1]);
    expect(tracker.of("assign")[1]!.assign!.ref).toBe(site.origin);
  });

  for (const [how, act] of [
    ["pointed at", "hover"],
    ["focused", "focus"],
  ] as const)
    test(`when it is ${how}`, async ({ page, site, tracker }) => {
      tracker.answers = (request) => {
        const { when } = gives("intent")(request);
        return { status: 200, body: when ? tracker.answer({ kind: "none", numbers: [], w: when }) : tracker.answer() };
      };
      await page.goto(site.page("/", `<h1>Top</h1><p id="other">${"Nothing here. ".repeat(30)}</p><p><a id="number" href="tel:+12145550100">214-555-0100</a></p>`));
      await tracker.asked((asked) => asked.path == "extras");
      await page.waitForFunction(() => performance.getEntriesByType("resource").some((entry) => entry.name.includes("/extras.")));
      await page.locator("#other").hover();
      expect(tracker.of("assign")).toHaveLength(1);
      await page.locator("#number")[act]();
      await expect(page.locator("#number")).toHaveText("312-555-7788");
      expect(tracker.of("assign")).toHaveLength(2);
    });

  test("not before consent", async ({ page, site, tracker }) => {
    tracker.answers = (request) => ({ status: 200, body: request.want ? tracker.answer() : tracker.answer({ kind: "none", numbers: [], w: "intent" }) });
    tracker.rules = [];
    await page.goto(site.page("/", `<a id="number" href="tel:+12145550100">214-555-0100</a>`, { html: ` data-consent="wait"` }));
    await tracker.asked((asked) => asked.path == "extras");
    await page.locator("#number").hover();
    await look(page, "visible");
    expect(tracker.of("assign").every((asked) => !asked.assign!.want)).toBe(true);
  });
});

test("dataLayer hears of the number that is shown, and of no other", async ({ page, site, tracker }) => {
  tracker.settings = { e: { d: 1 } };
  await page.goto(site.page("/", `<p>214-555-0100</p>`));
  await page.waitForFunction(() => window.dataLayer?.length);
  expect(await page.evaluate(() => window.dataLayer)).toEqual([{ event: "trunkline_number", target: MAIN, number: "+13125557788" }]);
});

test("a form of the site's choice is told with its consent text; passwords, cards and other forms are not", async ({ page, site, tracker }) => {
  const fields = { phone: "tel", name: "full", email: "#mail", zip: "card" };
  tracker.settings = { e: { f: [{ s: "#contact", m: fields, c: "I agree to be called." }] } };
  const form = (id: string) =>
    `<form id="${id}" onsubmit="event.preventDefault()"><input name="tel" value="(469) 555-0123"><input name="full" type="password" value="secret">
     <input id="${id == "contact" ? "mail" : "other"}" value="${"a".repeat(300)}@example.com"><input name="card" value="4111 1111 1111 1111"><button>Send</button></form>`;
  await page.goto(site.page("/", `<p>214-555-0100</p>${form("search")}${form("contact")}`));
  await tracker.asked(tells("shown"));
  await page.waitForFunction(() => performance.getEntriesByType("resource").some((entry) => entry.name.includes("/extras.")));
  await page.locator("#search button").click();
  await page.locator("#contact button").click();
  const { event } = await tracker.asked(tells("form"));
  expect(event!.events).toEqual([{ k: "form", page: site.url("/"), phone: "(469) 555-0123", email: "a".repeat(200), consent: "I agree to be called." }]);
  expect(tracker.told("form")).toHaveLength(1);
  expect(await page.evaluate(() => window.dataLayer)).toBeUndefined();
});

test("dataLayer hears which form was kept, nothing of what was in it, and of no other form", async ({ page, site, tracker }) => {
  tracker.settings = { e: { d: 1, f: [{ s: "#contact", m: { phone: "tel" } }] } };
  const form = (id: string, tel: string) => `<form id="${id}" onsubmit="event.preventDefault()"><input name="tel" value="${tel}"><button>Send</button></form>`;
  await page.goto(site.page("/", `<p>214-555-0100</p>${form("search", "(469) 555-0123")}${form("contact", "")}`));
  await page.waitForFunction(() => window.dataLayer?.length);
  await page.locator("#search button").click();
  await page.locator("#contact button").click();
  await page.locator("#contact input").fill("(469) 555-0123");
  await page.locator("#contact button").click();
  await tracker.asked(tells("form"));
  expect(await page.evaluate(() => window.dataLayer)).toEqual([
    { event: "trunkline_number", target: MAIN, number: "+13125557788" },
    { event: "trunkline_form_submitted", form: "#contact" },
  ]);
  expect(tracker.told("form")).toHaveLength(1);
});

test.describe("a preview link", () => {
  const body = `<p id="plain">214-555-0100</p><p class="phone" id="in">(214) 555-0100</p><p id="other">469-555-0123</p>`;

  test("shows the draft and lists every number, tells nobody, and holds for the tab", async ({ page, site, tracker }) => {
    tracker.answers = () => ({ status: 200, body: tracker.answer({ token: null, numbers: [], kind: "none" }) });
    tracker.previews = () => ({ status: 200, body: { config: { ...tracker.config(), o: ":is(.phone,.phone *)" }, numbers: [{ t: MAIN, n: "+13125550001" }], labels: ["Main line"] } });
    site.page("/", body);
    await page.goto(site.url("/?tl_preview=abc"));
    await expect(page.locator("#in")).toHaveText("(312) 555-0001");
    await expect(page.locator("#plain")).toHaveText("214-555-0100");
    const list = page.locator("[data-tl-list]");
    await expect(list.locator("summary")).toHaveText("Draft: 1 of 3 numbers swapped");
    await expect(list.locator("li").filter({ hasText: "(214) 555-0100" })).toContainText("becomes (312) 555-0001");
    await expect(list.locator("li").filter({ hasText: "+14695550123" })).toContainText("outside");
    await page.goto(site.page("/next", body));
    await expect(page.locator("#in")).toHaveText("(312) 555-0001");
    expect(tracker.of("event")).toEqual([]);
  });

  test("that has ended leaves the page to what is published", async ({ page, site, tracker }) => {
    tracker.previews = () => ({ status: 403, body: {} });
    site.page("/", body);
    await page.goto(site.url("/?tl_preview=old"));
    await expect(page.locator("#plain")).toHaveText("312-555-7788");
    await tracker.asked((asked) => asked.path == "preview");
    await expect(page.locator("[data-tl-list]")).toHaveCount(0);
    await expect.poll(() => page.evaluate(() => sessionStorage.length)).toBe(0);
  });
});

declare global {
  interface Window {
    dataLayer?: unknown[];
  }
}
