/** The demo business's pages with the real snippet: every number swapped, and the control dials what is shown. */
import AxeBuilder from "@axe-core/playwright";
import { readFileSync, existsSync } from "node:fs";
import { block } from "./helpers/block.ts";
import { expect, test as base } from "./helpers/fixtures.ts";
import { bodyOf, serve, type Served } from "./helpers/serve.ts";
import { MAIN, tells } from "./helpers/tracker.ts";

const folder = new URL("../../demo-site/", import.meta.url);
const TYPES: Record<string, string> = { html: "text/html; charset=utf-8", css: "text/css", js: "text/javascript", svg: "image/svg+xml" };

interface Demo {
  served: Served;
  /** Bodies of `POST /dial`. */
  dialled: unknown[];
  /** What the polls answer, one after the other; the last for ever. */
  polls: { status: string; sip_status?: number; dashboard_url?: string; calls_url?: string }[];
  /** How `POST /dial` answers. */
  dial: { status: number; body: unknown };
}

const test = base.extend<{ demo: Demo }>({
  demo: async ({ tracker }, use) => {
    tracker.targets = [[MAIN, "+14695550163"]];
    const demo = {
      dialled: [] as unknown[],
      polls: [{ status: "ringing" }, { status: "talking", dashboard_url: "/calls/call_1" }, { status: "ended", dashboard_url: "/calls/call_1" }],
      dial: { status: 200, body: { call: "call_1", status: "ringing" } },
    } as Demo;
    demo.served = await serve(async (request, response, { pathname }) => {
      const json = (status: number, body: unknown) => {
        response.writeHead(status, { "Content-Type": "application/json" });
        response.end(JSON.stringify(body));
      };
      if (request.method == "POST") {
        demo.dialled.push(JSON.parse(await bodyOf(request)));
        return json(demo.dial.status, demo.dial.body);
      }
      if (pathname.startsWith("/dial/")) return json(200, demo.polls.length > 1 ? demo.polls.shift() : demo.polls[0]);
      const name = pathname == "/" ? "index.html" : existsSync(new URL(`.${pathname}.html`, folder)) ? `.${pathname}.html` : `.${pathname}`;
      const file = new URL(name, folder);
      if (!existsSync(file)) return json(404, {});
      const ending = name.split(".").pop()!;
      response.writeHead(200, { "Content-Type": TYPES[ending] ?? "application/octet-stream" });
      response.end(readFileSync(file, "utf8").replace("<!-- trunkline:block -->", () => block(tracker.config())));
    });
    await use(demo);
    await demo.served.close();
  },
});

const PAGES = ["/", "/storm-damage", "/contact"];
const WIDTHS = [360, 900, 1440];

for (const path of PAGES) {
  test(`${path} shows the visitor's number everywhere, in its own formats, and keeps the fax number`, async ({ page, demo, tracker }) => {
    await page.goto(demo.served.origin + path);
    await tracker.asked(tells("shown"));
    const numbers = () =>
      page.evaluate(() => [
        ...(document.body.innerText.match(/[+(\d][-\d\s().\u2010-\u2015]{8,}\d/g) ?? []),
        ...[...document.querySelectorAll("a[href]")].map((link) => link.getAttribute("href")!).filter((href) => /^(tel|sms):|wa\.me/.test(href)),
      ]);
    const found = (await numbers()).map((number) => number.replace(/[?;].*/, "").replace(/\D/g, "").replace(/^1(?=\d{10})/, ""));
    expect(found.length).toBeGreaterThan(8);
    expect(new Set(found.map((number) => number.slice(0, 10)))).toEqual(new Set(["3125557788", "2145550143"]));
  });

  test(`${path} reads well for everybody and never scrolls sideways`, async ({ page, demo, tracker }) => {
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(demo.served.origin + path);
      await tracker.asked(tells("shown"));
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), `${width}`).toBeLessThanOrEqual(0);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target).join(", ")}`), `${width}`).toEqual([]);
    }
  });
}

test("no page asks anybody but its own origin and the tracker", async ({ page, demo, tracker }) => {
  const origins = new Set<string>();
  page.on("request", (request) => origins.add(new URL(request.url()).origin));
  for (const path of PAGES) await page.goto(demo.served.origin + path, { waitUntil: "networkidle" });
  expect([...origins].sort()).toEqual([demo.served.origin, tracker.origin].sort());
});

test("the control dials the number that this browser shows, and follows the call into the dashboard", async ({ page, demo, tracker }) => {
  await page.clock.install();
  await page.goto(demo.served.origin);
  await tracker.asked(tells("shown"));
  const control = page.getByRole("complementary", { name: "Demo control" });
  await expect(control).toContainText("(312) 555-7788");
  await control.getByRole("button").click();
  await expect(control.getByRole("button")).toBeDisabled();
  await expect.poll(() => demo.dialled).toEqual([{ number: "+13125557788" }]);
  await expect(control.locator("li.now")).toHaveText("Ringing");
  const step = async (text: string) =>
    expect(async () => {
      await page.clock.runFor(700);
      await expect(control.getByRole("status")).toContainText(text, { timeout: 100 });
    }).toPass();
  await step("Connected");
  await expect(control.getByRole("link")).toHaveAttribute("href", "/calls/call_1");
  await step("has ended");
  await expect(control.getByRole("button")).toBeEnabled();
});

test("a call that was refused is not called ended, and leads to the log of calls", async ({ page, demo, tracker }) => {
  await page.clock.install();
  demo.polls = [{ status: "refused", sip_status: 607, calls_url: "/calls" }];
  await page.goto(demo.served.origin);
  await tracker.asked(tells("shown"));
  const control = page.getByRole("complementary", { name: "Demo control" });
  await control.getByRole("button").click();
  await expect.poll(() => demo.dialled).toHaveLength(1);
  await expect(async () => {
    await page.clock.runFor(700);
    await expect(control.getByRole("status")).toHaveText("The call was refused. SIP 607; the dashboard says why.", { timeout: 100 });
  }).toPass();
  await expect(control.getByRole("list")).toBeHidden();
  await expect(control.getByRole("link", { name: "See it in the log of calls" })).toHaveAttribute("href", "/calls");
  await expect(control.getByRole("button")).toBeEnabled();
});

test("a call that cannot be made says why", async ({ page, demo, tracker }) => {
  demo.dial = { status: 409, body: { title: "conflict", detail: "the simulated carrier is stopping" } };
  await page.goto(demo.served.origin);
  await tracker.asked(tells("shown"));
  const control = page.getByRole("complementary", { name: "Demo control" });
  await control.getByRole("button").click();
  await expect(control.getByRole("status")).toHaveText("No call: the simulated carrier is stopping");
  await expect(control.getByRole("button")).toBeEnabled();
});

test("arriving again is arriving as a new visitor, by the chosen way", async ({ page, demo, tracker }) => {
  await page.goto(demo.served.origin);
  await tracker.asked(tells("shown"));
  const next = tracker.next((asked) => asked.path == "assign");
  await page.getByLabel("Arrive again").selectOption({ label: "Google Ads, storm damage" });
  const { assign } = await next;
  expect(assign).not.toHaveProperty("token");
  expect(assign!.page).toMatch(/\/storm-damage\?utm_source=google&utm_medium=cpc&.*gclid=demo-/);
});

test("the form for a quote says that nobody will call, and where the lead is", async ({ page, demo, tracker }) => {
  await page.goto(`${demo.served.origin}/contact`);
  await tracker.asked(tells("shown"));
  await page.getByLabel("Name").fill("Pat");
  await page.getByLabel("Phone").fill("2145550100");
  await page.getByLabel("ZIP code").fill("75214");
  await page.getByRole("button", { name: "Request a quote" }).click();
  await expect(page.locator(".sent")).toContainText("nobody will call");
  await expect(page.getByRole("link", { name: "See your request in the dashboard" })).toHaveAttribute("href", "/leads");
});
