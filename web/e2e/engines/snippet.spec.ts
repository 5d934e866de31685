/** What every engine must do; the whole suite runs in Chromium, beside this one. */
import { gate } from "../snippet/helpers/serve.ts";
import { isAssign, POOL, PRINTED, tells } from "../snippet/helpers/tracker.ts";
import { expect, test, texts, tl } from "./helpers/fixtures.ts";

const NUMBER = `<p id="number">(214) 555-0100</p>`;

const FORMATS: [printed: string, swapped: string][] = [
  ["(214) 555-0100", "(312) 555-7788"],
  ["214.555.0100", "312.555.7788"],
  ["+1 214 555 0100", "+1 312 555 7788"],
  ["1-214-555-0100", "1-312-555-7788"],
  ["2145550100", "3125557788"],
  ["+1 (214) 555‑0100", "+1 (312) 555‑7788"],
  ["(214) 555-0100 ext. 12", "(312) 555-7788 ext. 12"],
  ["1-21-HJJK-0100", "1-31-2555-7788"],
  ["5551 214 555 0100 8", "5551 214 555 0100 8"],
];

test("the number is swapped in every printed format", async ({ browserOf, site, tracker }) => {
  await browserOf.open(site.page("/", FORMATS.map(([printed]) => `<p>Call ${printed}.</p>`).join("")));
  await expect.poll(() => texts(browserOf, "p")).toEqual(FORMATS.map(([, swapped]) => `Call ${swapped}.`));
  const { event } = await tracker.asked(tells("shown"));
  expect(event!.events[0]).toMatchObject({ k: "shown", page: site.url("/") });
  expect(tracker.of("assign")).toHaveLength(1);
  expect(tracker.of("preflight")).toEqual([]);
});

test("links, labels and titles are swapped, other addresses and fields are not", async ({ browserOf, site, tracker }) => {
  const links = ["tel:+12145550100", "tel:+1-214-555-0100;ext=5", "sms:+12145550100?body=Hello%20there", "https://wa.me/12145550100", "https://example.com/2145550100"];
  const body = links.map((href) => `<a href="${href}" title="(214) 555-0100" aria-label="Call 214-555-0100">x</a>`).join("");
  await browserOf.open(site.page("/", `${body}<input value="214-555-0100"><code>214-555-0100</code><p contenteditable>214-555-0100</p>`));
  await tracker.asked(tells("shown"));
  const found = await browserOf.run(() => [...document.querySelectorAll("a")].map((a) => [a.getAttribute("href"), a.title, a.ariaLabel ?? a.getAttribute("aria-label")]));
  const swapped = ["tel:+13125557788", "tel:+1-312-555-7788;ext=5", "sms:+13125557788?body=Hello%20there", "https://wa.me/13125557788", "https://example.com/2145550100"];
  expect(found).toEqual(swapped.map((href) => [href, "(312) 555-7788", "Call 312-555-7788"]));
  expect(await browserOf.run(() => [document.querySelector("input")!.value, document.querySelector("code")!.textContent, document.querySelector("p")!.textContent])).toEqual(
    Array(3).fill("214-555-0100"),
  );
});

test("a number over several elements keeps its elements", async ({ browserOf, site }) => {
  await browserOf.open(site.page("/", `<p>+1 <b>(2<i>14</i>)</b> 555<span>-</span>01<u>00</u></p>`));
  await expect.poll(() => browserOf.run(() => document.querySelector("p")!.innerHTML)).toBe("+1 <b>(3<i>12</i>)</b> 555<span>-</span>77<u>88</u>");
});

test("what comes later is swapped before it is painted, and a rival script is let win", async ({ browserOf, site, tracker }) => {
  await browserOf.open(site.page("/", `${NUMBER}<div id="room"></div>`));
  await tracker.asked(tells("shown"));
  const painted = await browserOf.run(async () => {
    const room = document.querySelector("#room")!;
    const seen: string[] = [];
    const frame = async () => {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      seen.push(room.innerHTML);
    };
    room.innerHTML = "<section><p>Call <b>(214)</b> 555-0100</p></section>";
    await frame();
    room.textContent = "or 214.555.0100";
    await frame();
    room.firstChild!.nodeValue = "(214) 555-";
    room.append("0100");
    await frame();
    let fought = 0;
    new MutationObserver(() => {
      if (room.textContent == "(214) 555-0100") return;
      fought++;
      room.textContent = "(214) 555-0100";
    }).observe(room, { subtree: true, childList: true, characterData: true });
    room.textContent = "";
    await frame();
    return { seen, fought };
  });
  expect(painted.seen).toEqual(["<section><p>Call <b>(312)</b> 555-7788</p></section>", "or 312.555.7788", "(312) 555-7788", "(214) 555-0100"]);
  expect(painted.fought).toBeLessThanOrEqual(6);
});

test("a number cut in two by the network is swapped when its end arrives", async ({ browserOf, site, tracker }) => {
  tracker.rules = [["*", "", "", [[POOL]]]];
  const rest = gate();
  const opened = browserOf.open(site.page("/", [`${NUMBER}<p id="cut">214-55`, rest.opened, `5-0100</p>`]));
  await tracker.asked(isAssign);
  rest.open();
  await opened;
  await expect.poll(() => texts(browserOf, "p")).toEqual(["(312) 555-7788", "312-555-7788"]);
});

test("a view of a single-page application is a page, and its numbers are shown", async ({ browserOf, site, tracker }) => {
  await browserOf.open(site.page("/", NUMBER));
  await tracker.asked(tells("shown"));
  const told = tracker.next(tells("page"));
  await browserOf.run(() => {
    history.pushState(null, "", "/contact");
    document.body.innerHTML = "<h1>214-555-0100</h1>";
  });
  expect((await told).event!.events.find((event) => event.k == "page")).toMatchObject({ page: site.url("/contact"), ref: site.url("/") });
  expect(await texts(browserOf, "h1")).toEqual(["312-555-7788"]);
  await expect.poll(() => tracker.told("shown").map(({ page }) => page)).toEqual([site.url("/"), site.url("/contact")]);
});

/** Notes what each frame is about to paint, from the first moment of the page. */
const FRAMES = `<script>
  var frames_ = [];
  (function look() {
    var number = document.querySelector("#number");
    if (number) frames_.push(number.textContent);
    requestAnimationFrame(look);
  })();
</script>`;

test("a remembered number stands there before the first paint, and nothing is asked", async ({ browserOf, site, tracker }) => {
  await browserOf.open(site.page("/", NUMBER));
  await tracker.asked(tells("shown"));
  await expect.poll(() => browserOf.run(() => (JSON.parse((Object.values(localStorage)[0] as string) ?? "{}") as { s?: 1 }).s)).toBe(1);
  await browserOf.open(site.page("/later", NUMBER, { before: FRAMES }));
  await tracker.asked(tells("page"));
  await expect.poll(() => browserOf.run(() => (window as unknown as { frames_: string[] }).frames_.length)).toBeGreaterThan(0);
  expect([...new Set(await browserOf.run(() => (window as unknown as { frames_: string[] }).frames_))]).toEqual(["(312) 555-7788"]);
  expect(tracker.of("assign")).toHaveLength(1);
});

test("a page that one comes back to is alive, with its number", async ({ browserOf, site, tracker }) => {
  site.page("/other", "<p>Elsewhere</p>");
  await browserOf.open(site.page("/", NUMBER, { before: `<script>addEventListener("pageshow", (event) => (window.back_ = event.persisted))</script>` }));
  await tracker.asked(tells("shown"));
  await expect.poll(() => browserOf.run(() => (JSON.parse((Object.values(localStorage)[0] as string) ?? "{}") as { s?: 1 }).s)).toBe(1);
  await browserOf.open(site.url("/other"));
  await tracker.asked((asked) => !!asked.event?.events.some((event) => event.k == "page" && event.page == site.url("/other")));
  const back = tracker.next((asked) => !!asked.event?.events.some((event) => event.k == "page" && event.page == site.url("/")));
  await browserOf.run(() => void setTimeout(() => history.back()));
  await back;
  await expect.poll(() => texts(browserOf, "#number")).toEqual(["(312) 555-7788"]);
  expect(await browserOf.run(() => (window as unknown as { back_: boolean }).back_)).toBe(true);
});

test("heartbeats come while the page is visible, and never while it is not", async ({ browserOf, site, tracker }) => {
  tracker.answers = () => ({ status: 200, body: tracker.answer({ beat: 1 }) });
  await browserOf.open(site.page("/", NUMBER));
  await tracker.asked(tells("shown"));
  await tracker.next(tells("beat"));
  await tracker.next(tells("beat"));
  // What leaves with the page is the last word of it.
  const last = tracker.next(tells("beat"));
  await browserOf.run(() => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => "hidden" });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  });
  await last;
  const before = tracker.told("beat").length;
  await browserOf.run(() => new Promise((resolve) => setTimeout(resolve, 2500)));
  expect(tracker.told("beat").length).toBe(before);
});

test("while consent waits, nobody is asked and nothing is stored; with it the number comes, without it the number goes", async ({ browserOf, site, tracker }) => {
  tracker.rules = [["*", "", "", [["+13125550199"]]]];
  await browserOf.open(site.page("/", NUMBER, { html: ` data-consent="wait"` }));
  await tracker.asked((asked) => asked.path == "core");
  await expect.poll(() => texts(browserOf, "#number")).toEqual(["(312) 555-0199"]);
  expect(await browserOf.run(() => localStorage.length + document.cookie.length)).toBe(0);
  expect(tracker.of("assign")).toEqual([]);
  await tl(browserOf, "consent", true);
  const { assign } = await tracker.asked(isAssign);
  expect(assign).toMatchObject({ consent: 2 });
  await expect.poll(() => texts(browserOf, "#number")).toEqual(["(312) 555-7788"]);
  await tracker.asked(tells("shown"));
  await tl(browserOf, "consent", false);
  await expect.poll(() => texts(browserOf, "#number")).toEqual(["(312) 555-0199"]);
  expect(await browserOf.run(() => localStorage.length)).toBe(0);
});

test("a browser without storage shows the number all the same", async ({ browserOf, site, tracker }) => {
  const before = `<script>Object.defineProperty(window, "localStorage", { get() { throw new DOMException("no", "SecurityError"); } })</script>`;
  await browserOf.open(site.page("/", NUMBER, { before }));
  await tracker.asked(tells("shown"));
  expect(await texts(browserOf, "#number")).toEqual(["(312) 555-7788"]);
});

for (const part of ["everything", "the core", "the extras"] as const)
  test(`a server that hangs over ${part} does not hold up \`load\``, async ({ browserOf, site, tracker }) => {
    if (part == "everything") tracker.answers = () => "hang";
    if (part != "the extras") tracker.coreReply = () => "hang";
    tracker.extrasReply = () => "hang";
    tracker.settings = { e: { j: 1 } };
    // Once it has been asked, the page is let go on, and `open` comes back when it has loaded, and only then.
    const asked = tracker.asked((one) => one.path == (part == "the extras" ? "extras" : "core"));
    await browserOf.open(site.page("/", [NUMBER, asked, "<p>The end</p>"]));
    expect(await browserOf.run(() => document.readyState)).toBe("complete");
    if (part == "everything") expect(await texts(browserOf, "#number")).toEqual(["(214) 555-0100"]);
    else await expect.poll(() => texts(browserOf, "#number")).toEqual(["(312) 555-7788"]);
  });

test("a tap on a link that dials is told at once, with the number it dials", async ({ browserOf, site, tracker }) => {
  await browserOf.open(site.page("/", `<a href="tel:${PRINTED}">214-555-0100</a>`));
  await tracker.asked(tells("shown"));
  await browserOf.run(() => {
    addEventListener("click", (event) => event.preventDefault());
    document.querySelector("a")!.click();
  });
  const { event } = await tracker.asked(tells("tap"));
  expect(event!.events.find(({ k }) => k == "tap")).toMatchObject({ n: POOL });
});
