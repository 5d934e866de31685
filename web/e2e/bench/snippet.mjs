/**
 * Measures the inline loader beside the usual pattern, a script that is fetched and then asks, on the same page, with
 * the same engine and the same far-away server. Prints its figures and, last, one JSON line.
 *
 * `swap_ms` is from the end of the HTML to the swap. `first_page_waits` is the longest chain of requests over the
 * network, one after the other, that had ended before the swap of a first page; `later_page_requests` the most requests that any
 * later page sent over the network before its swap. A later page counts as swapped before first paint if its swap came before
 * first contentful paint and no frame was about to show the printed number.
 */
import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { execFileSync } from "node:child_process";
import { chromium } from "playwright-core";
import { ANSWER_MS, CONNECT_MS, serveFarAway } from "./latency.mjs";

const VISITS = Number(process.env.TRUNKLINE_BENCH_VISITS ?? 15);
const LATER_PAGES = 3;
const CHROMIUM = process.env.TRUNKLINE_CHROMIUM ?? "/usr/bin/chromium";

const snippet = new URL("../../snippet/", import.meta.url);
execFileSync(process.execPath, ["build.mjs"], { cwd: snippet, stdio: ["ignore", "ignore", "inherit"] });
const read = (name) => readFileSync(new URL(`dist/${name}`, snippet), "utf8");
const loader = read("loader.js");
const core = read("core.js");
const manifest = JSON.parse(read("manifest.json"));

const PRINTED = "(214) 555-0100";
const SWAPPED = "(312) 555-7788";
const paragraphs = Array.from({ length: 120 }, (_, i) => `<p>Paragraph ${i} of a page of usual length, with words enough to be laid out.</p>`).join("\n");
const body = `<h1>Call <span id="number">${PRINTED}</span></h1><p><a href="tel:+12145550100">214-555-0100</a></p>${paragraphs}<p>214.555.0100</p>`;

/** Elements of the large page, and how many of them show a number. */
const LARGE = 60_000;
/** How often it is visited: the median visit counts, because a busy machine interrupts tasks at random. */
const LARGE_VISITS = 5;
const NUMBERS = 600;
const large = Array.from({ length: LARGE / 2 }, (_, i) => `<p>Row ${i} <b>of a long list</b>${i % (LARGE / 2 / NUMBERS) ? "" : ` ${PRINTED}`}</p>`).join("") + `<p>${PRINTED}</p>`;

const config = (tracker) => JSON.stringify({ v: 1, c: 1, u: `${tracker}/t/k`, k: `${tracker}/t/core.${manifest.core_hash}.js`, t: [["swt_a", "+12145550100"]], r: [], o: "*", d: 1 });

/** The two ways to bring the same snippet to the page. */
const FORMS = {
  inline: (tracker) => `<script type="application/json" id="trunkline-config">${config(tracker)}</script><script>${loader}</script>`,
  script: (tracker) => `<script async src="${tracker}/t/k/loader.js"></script>`,
};

const startTracker = () => {
  const tracker = serveFarAway((path) => {
    if (path.includes("/core.")) return { type: "text/javascript", body: core, cache: "public, max-age=31536000, immutable" };
    if (path.endsWith("loader.js")) {
      const element = `(()=>{const e=document.createElement("script");e.type="application/json";e.id="trunkline-config";e.textContent=${JSON.stringify(config(started.origin))};document.head.append(e)})();`;
      return { type: "text/javascript", body: element + loader, cache: "public, max-age=300" };
    }
    if (path.endsWith("/assign"))
      return { type: "application/json", body: JSON.stringify({ token: "t", numbers: [{ t: "swt_a", n: "+13125557788" }], kind: "pool", ttl: 1800, beat: 20, c: 1 }) };
    return { status: 204 };
  });
  let started;
  return tracker.then((server) => (started = server));
};

const startSite = (tracker) =>
  serveFarAway((path) => {
    const form = path.startsWith("/inline") ? "inline" : "script";
    return {
      type: "text/html; charset=utf-8",
      body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Bench</title>${FORMS[form](tracker.origin)}<style>body{font:16px/1.5 sans-serif;font-variant-numeric:tabular-nums}</style></head><body>${path.endsWith("/large") ? large : body}</body></html>`,
    };
  });

/** Runs in the page before anything else: notes the swap, the paints, the frames and the shifts. */
const observe = ([printed, swapped]) => {
  const seen = { swap: null, paint: null, printedFrames: 0, shift: 0 };
  window.seen_ = seen;
  const number = () => document.getElementById("number")?.textContent;
  const watcher = new MutationObserver(() => {
    if (number() === swapped) {
      seen.swap = performance.now();
      watcher.disconnect();
    }
  });
  watcher.observe(document, { subtree: true, childList: true, characterData: true });
  const frame = () => {
    if (number() === printed) seen.printedFrames++;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.name === "first-contentful-paint") seen.paint = entry.startTime;
  }).observe({ type: "paint", buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) seen.shift += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
};

/** One page view, measured when it is swapped, painted and confirmed or reported. */
const view = async (page, url, tracker, told) => {
  const before = tracker.log.length;
  await page.goto(url);
  await page.waitForFunction(() => window.seen_.swap !== null && window.seen_.paint !== null);
  await told(before);
  await page.waitForFunction((origin) => performance.getEntriesByType("resource").some((entry) => entry.name.startsWith(origin) && entry.name.endsWith("/event")), tracker.origin);
  return page.evaluate((origin) => {
    const { responseEnd } = performance.getEntriesByType("navigation")[0];
    const requests = performance
      .getEntriesByType("resource")
      .filter((entry) => entry.name.startsWith(origin))
      .map((entry) => ({ start: entry.startTime, end: entry.responseEnd, cached: entry.transferSize === 0 && entry.decodedBodySize > 0 }));
    return { ...window.seen_, htmlEnd: responseEnd, requests };
  }, tracker.origin);
};

/** The longest chain of requests over the network of which each began after the one before had ended, all before the swap. */
const waits = ({ requests, swap }) => {
  const ended = requests.filter((one) => !one.cached && one.end > 0 && one.end <= swap).sort((a, b) => a.end - b.end);
  let count = 0;
  let last = -Infinity;
  for (const one of ended)
    if (one.start >= last) {
      count++;
      last = one.end;
    }
  return count;
};

/** Waits for a request that is on its way. */
const until = async (test) => {
  while (!test()) await new Promise((resolve) => setTimeout(resolve, 5));
};

const measure = async (browser, form, site, tracker) => {
  const first = [];
  const later = [];
  for (let visit = 0; visit < VISITS; visit++) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.addInitScript(observe, [PRINTED, SWAPPED]);
    const told = (before) => until(() => tracker.log.slice(before).some((one) => one.text.includes('"k":"shown"')));
    first.push(await view(page, `${site.origin}/${form}`, tracker, told));
    // The next page comes when the first is confirmed, as a person's would.
    await page.waitForFunction(() => JSON.parse(Object.values(localStorage)[0] ?? "{}").s === 1);
    for (let number = 1; number <= LATER_PAGES; number++) {
      const one = await view(page, `${site.origin}/${form}/${number}`, tracker, told);
      later.push({ ...one, asked: one.requests.filter((request) => request.start < one.swap && !request.cached).length });
    }
    await context.close();
  }
  return { first, later };
};

/** Runs in a large page before anything else: notes how long each pass of an observer takes, and each timer with all that waits for it. */
const clockTasks = () => {
  window.longest_ = 0;
  const since = (started) => (window.longest_ = Math.max(window.longest_, performance.now() - started));
  const Native = window.MutationObserver;
  window.MutationObserver = class extends Native {
    constructor(callback) {
      super((...given) => {
        const started = performance.now();
        callback(...given);
        since(started);
      });
    }
  };
  const later = window.setTimeout;
  window.setTimeout = (callback, ms) =>
    later(() => {
      const started = performance.now();
      callback();
      // Behind what the callback has let go on.
      queueMicrotask(() => since(started));
    }, +ms || 0);
};

/**
 * The longest the snippet holds a page of `LARGE` elements up: in a pass over what the parser or a script has added, in
 * a walk over the whole page with every number exchanged, or in counting them.
 */
const longestTask = async (browser, site) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(clockTasks);
  const last = (number) => page.waitForFunction((text) => document.readyState === "complete" && document.querySelector("p:last-of-type")?.textContent === text, number);
  await page.goto(`${site.origin}/inline/large`);
  await last(SWAPPED);
  await page.waitForFunction(() => JSON.parse(Object.values(localStorage)[0] ?? "{}").s === 1);
  const first = await page.evaluate(() => {
    const started = performance.now();
    window.tl("consent", false);
    return performance.now() - started;
  });
  await last(PRINTED);
  const longest = Math.max(first, await page.evaluate(() => window.longest_));
  await context.close();
  return Math.round(10 * longest) / 10;
};

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const swapMs = (pages) => Math.max(0, Math.round(10 * median(pages.map((one) => one.swap - one.htmlEnd))) / 10);
const share = (pages) => pages.filter((one) => one.printedFrames === 0 && one.swap <= one.paint).length / pages.length;
const most = (values) => Math.max(...values);

const tracker = await startTracker();
const site = await startSite(tracker);
const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  const ours = await measure(browser, "inline", site, tracker);
  const theirs = await measure(browser, "script", site, tracker);
  const longest = [];
  for (let visit = 0; visit < LARGE_VISITS; visit++) longest.push(await longestTask(browser, site));
  const longest_task_ms = median(longest);
  const row = (name, { first, later }) =>
    console.log(
      `${name.padEnd(22)} first page ${swapMs(first)} ms, waits ${most(first.map(waits))}; later pages ${swapMs(later)} ms, ` +
        `requests before the swap ${most(later.map((one) => one.asked))}, before first paint ${share(later).toFixed(2)}`,
    );
  console.log(`${VISITS} visits of ${1 + LATER_PAGES} pages each; ${CONNECT_MS} ms per connection, ${ANSWER_MS} ms per answer`);
  row("inline loader", ours);
  row("script, then request", theirs);
  console.log(
    JSON.stringify({
      bench: "snippet",
      loader_gzip_bytes: manifest.loader_gzip_bytes,
      core_gzip_bytes: manifest.core_gzip_bytes,
      first_page_waits: most(ours.first.map(waits)),
      later_page_requests: most(ours.later.map((one) => one.asked)),
      before_first_paint: share(ours.later),
      cls: most([...ours.first, ...ours.later].map((one) => one.shift)),
      longest_task_ms,
      extras_gzip_bytes: manifest.extras_gzip_bytes,
      swap_ms: swapMs(ours.first),
      peer_swap_ms: swapMs(theirs.first),
      swap_ms_ratio: Math.round((100 * swapMs(ours.first)) / swapMs(theirs.first)) / 100,
      later_swap_ms: swapMs(ours.later),
      peer_later_swap_ms: swapMs(theirs.later),
      peer_before_first_paint: share(theirs.later),
      machine: `${cpus().length} x ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, Chromium ${browser.version()}`,
    }),
  );
} finally {
  await browser.close();
  await site.close();
  await tracker.close();
}
