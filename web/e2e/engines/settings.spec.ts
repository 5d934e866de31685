/** What a site may set, in the other engines: where numbers are swapped, which, and when a visitor gets one. */
import { isAssign, MAIN, tells } from "../snippet/helpers/tracker.ts";
import { expect, test, texts, tl } from "./helpers/fixtures.ts";

test("by selector, numbers are swapped only there, and never in what is excluded", async ({ browserOf, site, tracker }) => {
  tracker.settings = { o: ":is(.phone,.phone *):not(:is(.fax,.fax *))" };
  const body = `<p>214-555-0100</p><p class="phone">Call <b>(214)</b> 555-0100</p><p class="phone"><span class="fax">214-555-0100</span></p>
    <a href="tel:+12145550100">x</a><a class="phone" href="tel:+12145550100">x</a>`;
  await browserOf.open(site.page("/", body));
  const { event } = await tracker.asked(tells("shown"));
  expect(event!.events[0]!.swaps).toBe(3);
  expect(await texts(browserOf, "p")).toEqual(["214-555-0100", "Call (312) 555-7788", "214-555-0100"]);
  expect(await browserOf.run(() => [...document.querySelectorAll("a")].map((a) => a.getAttribute("href")))).toEqual(["tel:+12145550100", "tel:+13125557788"]);
});

test("found by themselves, plausible numbers become the main target's, but not what is left out, and go back without consent", async ({ browserOf, site, tracker }) => {
  tracker.settings = { o: ":not(:is(.partners,.partners *))", e: { m: "auto", c: "1", x: ["+14695550199"] } };
  const printed = ["Call (469) 555-0123", "Fax 469-555-0199", "Partner 469-555-0150", "Order 4695550188, 2026-11-23 10:00", "214-555-0100"];
  const body = printed.map((text, i) => `<p${i == 2 ? ' class="partners"' : ""}>${text}</p>`).join("");
  await browserOf.open(site.page("/", `${body}<a href="tel:4695550124">x</a>`));
  await expect.poll(() => texts(browserOf, "p")).toEqual(["Call (312) 555-7788", ...printed.slice(1, 4), "312-555-7788"]);
  await expect.poll(() => browserOf.run(() => document.querySelector("a")!.getAttribute("href"))).toBe("tel:3125557788");
  await tracker.asked(tells("shown"));
  await browserOf.run(() => (document.querySelector("p")!.textContent = "or 469.555.0177"));
  await expect.poll(() => texts(browserOf, "p:first-child")).toEqual(["or 312.555.7788"]);
  await tl(browserOf, "consent", false);
  await expect.poll(() => texts(browserOf, "p")).toEqual(["or 469.555.0177", ...printed.slice(1)]);
});

test("by attribute, an element shows the target it names, whichever number stands in it", async ({ browserOf, site, tracker }) => {
  tracker.targets = [
    [MAIN, "+12145550100"],
    ["swt_sales", "+12145550200"],
  ];
  tracker.settings = { o: ":is([data-tl-number],[data-tl-number] *)", e: { m: "attribute", n: ["Main line", "Sales"], c: "1" } };
  const numbers = [
    { t: MAIN, n: "+13125557788" },
    { t: "swt_sales", n: "+13125559999" },
  ];
  tracker.answers = () => ({ status: 200, body: tracker.answer({ numbers }) });
  await browserOf.open(
    site.page("/", `<p>214-555-0100</p><p data-tl-number="main line">214-555-0100</p><p data-tl-number="Sales">(214) 555-0100</p><p data-tl-number="Nobody">469-555-0123</p>`),
  );
  await expect.poll(() => texts(browserOf, "p")).toEqual(["214-555-0100", "312-555-7788", "(312) 555-9999", "469-555-0123"]);
});

test("JSON-LD and open shadow roots are swapped where the site wants it", async ({ browserOf, site, tracker }) => {
  tracker.settings = { e: { j: 1, s: 1 } };
  const data = `{"@type": "Plumber", "telephone" : "+1-214-555-0100", "faxNumber": "214-555-0100"}`;
  const head = `<script type="application/ld+json" id="ld">${data}</script>
    <script>customElements.define("x-card", class extends HTMLElement { connectedCallback() { this.attachShadow({ mode: "open" }).innerHTML = "<p>214-555-0100</p>"; } })</script>`;
  await browserOf.open(site.page("/", `<x-card></x-card>`, { head }));
  await expect.poll(() => browserOf.run(() => document.querySelector("x-card")!.shadowRoot!.textContent)).toBe("312-555-7788");
  await expect.poll(() => texts(browserOf, "#ld")).toEqual([data.replace("+1-214-555-0100", "+1-312-555-7788")]);
});

test("a number of one's own only when the printed one scrolls into view", async ({ browserOf, site, tracker }) => {
  tracker.rules = [["*", "", "", [["+18005550111"]]]];
  tracker.answers = (request) => ({
    status: 200,
    body: request.want ? tracker.answer() : tracker.answer({ kind: "source", numbers: [{ t: MAIN, n: "+18005550111" }], w: "view" }),
  });
  await browserOf.open(site.page("/", `<div style="height:5000px">Top</div><p id="number">Call <b>214</b>-555-0100</p>`));
  await tracker.asked((asked) => asked.path == "extras");
  expect(await texts(browserOf, "#number")).toEqual(["Call 800-555-0111"]);
  await browserOf.run(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100))));
  expect(tracker.of("assign")).toHaveLength(1);
  await browserOf.run(() => document.querySelector("#number")!.scrollIntoView());
  await expect.poll(() => texts(browserOf, "#number")).toEqual(["Call 312-555-7788"]);
  expect(tracker.log.filter(isAssign).map((asked) => asked.assign!.want ?? 0)).toEqual([0, 1]);
});

test("a number of one's own only when somebody turns to the printed one", async ({ browserOf, site, tracker }) => {
  tracker.answers = (request) => ({ status: 200, body: request.want ? tracker.answer() : tracker.answer({ kind: "none", numbers: [], w: "intent" }) });
  await browserOf.open(site.page("/", `<p id="other">${"Nothing here. ".repeat(30)}</p><p><a id="number" href="tel:+12145550100">214-555-0100</a></p>`));
  // The extras listen once they have run: until then the pointer passes by in vain.
  await expect
    .poll(async () => {
      await browserOf.run(() => document.querySelector("#number")!.dispatchEvent(new Event("pointerover", { bubbles: true, composed: true })));
      return texts(browserOf, "#number");
    })
    .toEqual(["312-555-7788"]);
  expect(tracker.log.filter(isAssign).map((asked) => asked.assign!.want ?? 0)).toEqual([0, 1]);
});

test("a form of the site's choice is told with its consent text; passwords, cards and other forms are not", async ({ browserOf, site, tracker }) => {
  const fields = { phone: "tel", name: "full", email: "#mail", zip: "card" };
  tracker.settings = { e: { f: [{ s: "#contact", m: fields, c: "I agree to be called." }] } };
  const form = (id: string) =>
    `<form id="${id}" onsubmit="event.preventDefault()"><input name="tel" value="(469) 555-0123"><input name="full" type="password" value="secret">
     <input id="${id == "contact" ? "mail" : "other"}" value="${"a".repeat(300)}@example.com"><input name="card" value="4111 1111 1111 1111"><button>Send</button></form>`;
  await browserOf.open(site.page("/", `<p>214-555-0100</p>${form("search")}${form("contact")}`));
  await tracker.asked(tells("shown"));
  await tracker.asked((asked) => asked.path == "extras");
  const told = tracker.asked(tells("form"));
  // The extras listen once they have run: the other form is sent first each time, and is never heard of.
  await expect
    .poll(async () => {
      await browserOf.run(() => ["#search", "#contact"].forEach((id) => document.querySelector<HTMLElement>(`${id} button`)!.click()));
      return tracker.told("form").length;
    })
    .toBeGreaterThan(0);
  const { event } = await told;
  const expected = { k: "form", page: site.url("/"), phone: "(469) 555-0123", email: "a".repeat(200), consent: "I agree to be called." };
  expect(event!.events.filter(({ k }) => k == "form")[0]).toEqual(expected);
  for (const one of tracker.told("form")) expect(one).toEqual(expected);
});
