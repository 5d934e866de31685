/** What is swapped, what is left, and that nothing but texts and attributes changes. */
import { expect, test, tl } from "./helpers/fixtures.ts";
import { gate } from "./helpers/serve.ts";
import { isAssign } from "./helpers/tracker.ts";

const FORMATS: [printed: string, swapped: string][] = [
  ["(214) 555-0100", "(312) 555-7788"],
  ["214-555-0100", "312-555-7788"],
  ["214.555.0100", "312.555.7788"],
  ["214 555 0100", "312 555 7788"],
  ["+1 214 555 0100", "+1 312 555 7788"],
  ["1-214-555-0100", "1-312-555-7788"],
  ["2145550100", "3125557788"],
  ["+12145550100", "+13125557788"],
  ["+1 (214) 555‑0100", "+1 (312) 555‑7788"],
  ["(214) 555–0100", "(312) 555–7788"],
  ["(214) 555-0100 ext. 12", "(312) 555-7788 ext. 12"],
  ["214-555-0100 x9", "312-555-7788 x9"],
  ["1-21-HJJK-0100", "1-31-2555-7788"],
];

test("the number is swapped in every printed format", async ({ page, site, tracker }) => {
  await page.goto(site.page("/", FORMATS.map(([printed]) => `<p>Call ${printed}, day or night.</p>`).join("")));
  await expect(page.locator("p").last()).toHaveText("Call 1-31-2555-7788, day or night.");
  expect(await page.locator("p").allTextContents()).toEqual(FORMATS.map(([, swapped]) => `Call ${swapped}, day or night.`));
  expect(tracker.of("assign")).toHaveLength(1);
});

test("links, labels and titles are swapped, other addresses are not", async ({ page, site }) => {
  await page.goto(
    site.page(
      "/",
      `<a id="tel" href="tel:+12145550100" aria-label="Call (214) 555-0100" title="214.555.0100">Call</a>
       <a id="dashes" href="tel:+1-214-555-0100;ext=5">x</a><a id="spaces" href="tel:(214)%20555-0100">x</a>
       <a id="sms" href="sms:+12145550100?body=Hello%20there">x</a><a id="callto" href="callto:2145550100">x</a>
       <a id="wa" href="https://wa.me/12145550100">x</a><a id="api" href="https://api.whatsapp.com/send?phone=12145550100">x</a>
       <a id="other" href="https://example.com/2145550100">x</a><a id="mail" href="mailto:2145550100@example.com">x</a>
       <img id="alt" alt="x" src="data:," title="(214) 555-0100"><button id="button" aria-label="Dial 214-555-0100">x</button>
       <svg><text id="svg" x="0" y="20">214-555-0100</text></svg>`,
    ),
  );
  const href = (id: string) => page.locator(`#${id}`).getAttribute("href");
  await expect(page.locator("#tel")).toHaveAttribute("href", "tel:+13125557788");
  await expect(page.locator("#tel")).toHaveAttribute("aria-label", "Call (312) 555-7788");
  await expect(page.locator("#tel")).toHaveAttribute("title", "312.555.7788");
  expect(await href("dashes")).toBe("tel:+1-312-555-7788;ext=5");
  expect(await href("spaces")).toBe("tel:(312)%20555-7788");
  expect(await href("sms")).toBe("sms:+13125557788?body=Hello%20there");
  expect(await href("callto")).toBe("callto:3125557788");
  expect(await href("wa")).toBe("https://wa.me/13125557788");
  expect(await href("api")).toBe("https://api.whatsapp.com/send?phone=13125557788");
  expect(await href("other")).toBe("https://example.com/2145550100");
  expect(await href("mail")).toBe("mailto:2145550100@example.com");
  await expect(page.locator("#alt")).toHaveAttribute("title", "(312) 555-7788");
  await expect(page.locator("#button")).toHaveAttribute("aria-label", "Dial 312-555-7788");
  await expect(page.locator("#svg")).toHaveText("312-555-7788");
});

test("a number spread over child elements is swapped piece by piece, and the elements stay the same", async ({ page, site, tracker }) => {
  const answer = gate();
  tracker.answers = async () => (await answer.opened, { status: 200, body: tracker.answer() });
  await page.goto(
    site.page(
      "/",
      `<p id="a"><b>(214)</b> <span>555</span>-<i>0100</i></p><p id="b">2<span>1</span>4-5<em><b>5</b>5</em>-0100 now</p>
       <p id="c">(214) <!-- -->555<!-- -->-0100</p><a id="d" href="tel:2145550100"><span>214</span><span>.555.</span><span>0100</span></a>
       <table><tr><td>5</td><td id="e">2145550100</td><td>5</td></tr></table>`,
    ),
  );
  const before = await page.evaluateHandle(() => {
    document.querySelector("#a b")!.addEventListener("click", () => (document.title = "clicked"));
    return [...document.querySelectorAll("p *")];
  });
  answer.open();
  await expect(page.locator("#e")).toHaveText("3125557788");
  expect(await page.locator("#a").innerHTML()).toBe("<b>(312)</b> <span>555</span>-<i>7788</i>");
  expect(await page.locator("#b").innerHTML()).toBe("3<span>1</span>2-5<em><b>5</b>5</em>-7788 now");
  expect(await page.locator("#c").innerHTML()).toBe("(312) <!-- -->555<!-- -->-7788");
  expect(await page.locator("#d").innerHTML()).toBe("<span>312</span><span>.555.</span><span>7788</span>");
  expect(await before.evaluate((elements) => elements.every((element, i) => element === document.querySelectorAll("p *")[i]))).toBe(true);
  await page.locator("#a b").click();
  expect(await page.title()).toBe("clicked");
});

test("fields, code, scripts and editable text are never touched", async ({ page, site }) => {
  const left = `<input id="input" value="214-555-0100" title="214-555-0100" placeholder="214-555-0100"><textarea id="textarea">214-555-0100</textarea>
    <code>214-555-0100</code><pre>214-555-0100</pre><script>window.number = "214-555-0100"</script><style>p::after{content:"214-555-0100"}</style>
    <div contenteditable><p>214-555-0100 <b>214-555-0100</b></p></div><div contenteditable="true">214-555-0100</div>
    <div contenteditable="plaintext-only">214-555-0100</div><p data-tl-skip>214-555-0100 <b>214-555-0100</b></p>
    <script type="application/ld+json">{"telephone": "214-555-0100"}</script>`;
  await page.goto(site.page("/", `<div id="left">${left}</div><p id="swapped" contenteditable="false">214-555-0100</p>`, { head: "<title>214-555-0100</title>" }));
  const before = await page.locator("#left").innerHTML();
  await expect(page.locator("#swapped")).toHaveText("312-555-7788");
  expect(before).toContain('contenteditable=""');
  expect(await page.locator("#left").innerHTML()).toBe(before);
  expect(before).not.toContain("312");
  expect(await page.locator("#textarea").inputValue()).toBe("214-555-0100");
});

test("what is added or changed later is swapped before it is painted", async ({ page, site, tracker }) => {
  await page.goto(site.page("/", `<p id="first">214-555-0100</p><div id="room"></div>`));
  await expect(page.locator("#first")).toHaveText("312-555-7788");
  const painted = await page.evaluate(async () => {
    const room = document.querySelector("#room")!;
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const seen: string[] = [];
    const look = async () => {
      await frame();
      seen.push(room.innerHTML);
    };
    room.innerHTML = "<div><p>Call <b>(214)</b> 555-0100</p></div>";
    await look();
    room.replaceChildren(document.createTextNode("+1 214 555 0100"));
    await look();
    room.textContent = "or 214.555.0100";
    await look();
    room.firstChild!.nodeValue = "(214) 555-";
    await look();
    room.append("0100");
    await look();
    room.innerHTML = "<a>call</a>";
    room.querySelector("a")!.setAttribute("href", "tel:+12145550100");
    await look();
    const built = document.createElement("a");
    built.innerHTML = "<div><div>214-555-0100</div></div>";
    room.replaceChildren(built);
    await look();
    return seen;
  });
  expect(painted).toEqual([
    "<div><p>Call <b>(312)</b> 555-7788</p></div>",
    "+1 312 555 7788",
    "or 312.555.7788",
    "(214) 555-",
    "(312) 555-7788",
    '<a href="tel:+13125557788">call</a>',
    "<a><div><div>312-555-7788</div></div></a>",
  ]);
  expect(tracker.of("assign")).toHaveLength(1);
});

test("a page too large for one task is swapped in its order, whole, whatever happens to it meanwhile", async ({ page, site }) => {
  // A clock by which every look at it takes a millisecond: a few blocks are a slice.
  await page.addInitScript(() => {
    const Real = Date;
    let late = 0;
    window.Date = class extends Real {
      constructor(...given: []) {
        super(...((given.length ? given : [Real.now() + late++]) as []));
      }
      static override now = () => Real.now() + late++;
    } as DateConstructor;
  });
  await page.goto(site.page("/", `<i id="first">214-555-0100</i><main></main>`));
  await expect(page.locator("#first")).toHaveText("312-555-7788");
  const states = await page.evaluate(async () => {
    const main = document.querySelector("main")!;
    main.innerHTML = "<section><p>Call <b>(214)</b> 555-0100</p></section>".repeat(200);
    const swapped = () => [...main.querySelectorAll("p")].map((p) => p.textContent == "Call (312) 555-7788");
    const task = () => new Promise((resolve) => setTimeout(resolve));
    await Promise.resolve();
    const first = swapped();
    // Where the walk is about to go on: a part of the page goes, another one comes and one is changed.
    const next = main.children[first.indexOf(false)]!;
    next.nextElementSibling!.remove();
    next.remove();
    main.children[150]!.firstElementChild!.append(" or 214-555-0100");
    main.insertAdjacentHTML("afterbegin", "<p>Call (214) 555-0100</p>");
    while (main.textContent!.includes("214") || main.textContent!.includes("0100")) await task();
    return { first, last: swapped(), texts: [...new Set([...main.querySelectorAll("p")].map((p) => p.textContent))] };
  });
  const done = states.first.indexOf(false);
  expect(done, "the first slice begins at the top").toBeGreaterThan(0);
  expect(states.first.slice(done), "and holds the page up no longer").not.toContain(true);
  expect(states.texts).toEqual(["Call (312) 555-7788", "Call (312) 555-7788 or 312-555-7788"]);
  expect(states.last).toHaveLength(199);
});

test("a number cut in two by the network is swapped when its end arrives", async ({ page, site, tracker }) => {
  const rest = gate();
  const url = site.page("/", [`<p id="whole">214-555-0100</p><p id="cut">Call (214) 55`, rest.opened, `5-0100 now</p>`]);
  await page.goto(url, { waitUntil: "commit" });
  await expect(page.locator("#whole")).toHaveText("312-555-7788");
  await expect(page.locator("#cut")).toHaveText("Call (214) 55");
  rest.open();
  await expect(page.locator("#cut")).toHaveText("Call (312) 555-7788 now");
  expect(tracker.of("assign")).toHaveLength(1);
});

test("the swap does not move the page", async ({ page, site, tracker }) => {
  const answer = gate();
  tracker.answers = async () => (await answer.opened, { status: 200, body: tracker.answer() });
  await page.goto(site.page("/", `<div style="font-variant-numeric:tabular-nums">${"<p>Call (214) 555-0100 now</p>".repeat(20)}</div>`));
  await page.evaluate(() => {
    Object.assign(window, { shift: 0 });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) (window as unknown as { shift: number }).shift += (entry as unknown as { value: number }).value;
    }).observe({ type: "layout-shift", buffered: true });
  });
  answer.open();
  await expect(page.locator("p").last()).toHaveText("Call (312) 555-7788 now");
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  expect(await page.evaluate(() => (window as unknown as { shift: number }).shift)).toBe(0);
});

test("a new assignment exchanges what was shown before, also in copies that scripts have made", async ({ page, site, tracker }) => {
  await page.goto(site.page("/", `<p id="first">Call (214) 555-0100</p><a href="tel:+12145550100">x</a>`));
  await expect(page.locator("#first")).toHaveText("Call (312) 555-7788");
  await page.evaluate(() => document.body.append(document.querySelector("#first")!.cloneNode(true)));
  tracker.answers = () => ({ status: 200, body: tracker.answer({ numbers: [{ t: "swt_main", n: "+14695550011" }] }) });
  await tracker.asked((asked) => asked.path == "core");
  const again = tracker.next(isAssign);
  await tl(page, "consent", false);
  await expect(page.locator("#first").first()).toHaveText("Call (214) 555-0100");
  await tl(page, "consent", true);
  await again;
  await expect(page.locator("#first").first()).toHaveText("Call (469) 555-0011");
  expect(await page.locator("p").allTextContents()).toEqual(["Call (469) 555-0011", "Call (469) 555-0011"]);
  await expect(page.locator("a")).toHaveAttribute("href", "tel:+14695550011");
});
