/**
 * The demo control: dials exactly the number that this browser shows, follows the call and leads to it in the dashboard.
 * The demo server does the dialling (`POST /dial`, `GET /dial/{call}`); this only reads the page and tells what happens.
 */
(() => {
  "use strict";

  const POLL_MS = 700;
  /** A call is followed for so long; the demo's callers hang up much sooner. */
  const FOLLOW_MS_MAX = 3 * 60_000;
  /** Polls that may fail in a row before the control gives up. */
  const FAILURES_MAX = 5;

  const STEPS = [
    ["ringing", "Ringing"],
    ["talking", "Talking"],
    ["ended", "Ended"],
  ];

  const once = () => Math.random().toString(36).slice(2, 10);

  /** Where a visitor may come from, as the address of the landing page. */
  const ARRIVALS = [
    ["Google Ads, storm damage", "/storm-damage", () => `?utm_source=google&utm_medium=cpc&utm_campaign=storm-damage&utm_term=hail+damage+roof&gclid=demo-${once()}`],
    ["Microsoft Ads", "/", () => `?utm_source=bing&utm_medium=cpc&utm_campaign=roof-repair&msclkid=demo-${once()}`],
    ["Facebook ad", "/", () => `?utm_source=facebook&utm_medium=paid_social&utm_campaign=spring-check&fbclid=demo-${once()}`],
    ["Newsletter", "/", () => "?utm_source=newsletter&utm_medium=email&utm_campaign=april"],
    ["ChatGPT", "/", () => "?utm_source=chatgpt.com"],
    ["Nowhere (typed the address)", "/", () => ""],
  ];

  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const svg = (markup) => {
    const holder = document.createElement("template");
    holder.innerHTML = markup;
    return holder.content;
  };

  /** The number of the page's head as a person reads it, and in E.164 as a telephone dials it. */
  const shown = () => {
    const link = document.querySelector("#header-number");
    const text = link.textContent.trim();
    const digits = text.replace(/\D/g, "");
    return { text, number: text.startsWith("+") ? `+${digits}` : digits.length === 10 ? `+1${digits}` : link.getAttribute("href").replace(/^tel:/, "") };
  };

  const printed = element("b");
  const select = element("select", { "aria-label": "Arrive again, as a new visitor, from" }, element("option", { value: "" }, "Arrive from…"));
  ARRIVALS.forEach(([name], i) => select.append(element("option", { value: String(i) }, name)));
  const button = element("button", { type: "button" }, svg('<svg width="15" height="15" aria-hidden="true"><use href="/art/icons.svg#phone"/></svg>'), "Dial the number shown");
  const steps = element("ol", { hidden: "" }, ...STEPS.map(([, label]) => element("li", {}, label)));
  const said = element("p", { class: "demo-said", role: "status" });
  const link = element("a", { class: "demo-link", hidden: "", target: "trunkline-dashboard" }, "");
  const logo =
    '<svg width="18" height="18" viewBox="0 0 22 22" aria-hidden="true"><rect width="22" height="22" rx="5" fill="#3fb5a9"/><path d="M4 11h4m6 0h4M11 11l5-5M11 11l5 5" stroke="#05201e" stroke-width="1.8" stroke-linecap="round" fill="none"/><circle cx="11" cy="11" r="2.6" fill="#3fb5a9" stroke="#05201e" stroke-width="1.8"/></svg>';

  // The control shows the number itself; the snippet leaves it alone.
  const control = element(
    "aside",
    { class: "demo", "aria-label": "Demo control", "data-tl-skip": "" },
    element("h2", { class: "demo-title" }, svg(logo), "Demo", element("span", {}, "not part of the site")),
    element("p", { class: "demo-shows" }, element("span", {}, "You are shown"), printed),
    element("label", { class: "demo-from" }, element("span", {}, "New visitor"), select),
    button,
    steps,
    said,
    link,
  );

  const say = (text, bad = false) => {
    said.textContent = text;
    said.classList.toggle("bad", bad);
  };

  /** Why a call was not put through, by the SIP status that ended it. */
  const REFUSALS = { 404: "The number is not in service.", 408: "Nobody took the call.", 480: "Nobody took the call.", 486: "The line was busy.", 487: "Nobody took the call." };
  const refusal = (code) => `${REFUSALS[code] ?? "The call was refused."} ${code ? `SIP ${code}; the` : "The"} dashboard says why.`;

  /** Leads to the call, or to the log of calls, in which it comes first. */
  const lead = (url, text) => {
    link.href = url;
    link.textContent = text;
    link.hidden = false;
  };

  const progress = (status) => {
    const reached = STEPS.findIndex(([name]) => name === status);
    steps.hidden = reached < 0;
    [...steps.children].forEach((step, i) => {
      step.classList.toggle("done", i <= reached);
      step.classList.toggle("now", i === reached && status !== "ended");
    });
  };

  /** The JSON of an answer; a problem's own words as the error. */
  const json = async (response) => {
    const body = await response.json().catch(() => null);
    if (!response.ok || !body) throw new Error(body?.detail || body?.title || `the demo server answered ${response.status}`);
    return body;
  };

  const pause = () => new Promise((resolve) => setTimeout(resolve, POLL_MS));

  /** Follows the call until it has ended. */
  const follow = async (call, since) => {
    let failures = 0;
    while (Date.now() - since < FOLLOW_MS_MAX) {
      await pause();
      try {
        const { status, sip_status, dashboard_url, calls_url } = await json(await fetch(`/dial/${encodeURIComponent(call)}`));
        failures = 0;
        progress(status);
        if (dashboard_url) lead(dashboard_url, "See this call in the dashboard");
        else if (status === "refused" && calls_url) lead(calls_url, "See it in the log of calls");
        if (status === "talking") say("Connected. The call is being recorded.");
        if (status === "refused") return say(refusal(sip_status), true);
        if (status === "ended") return say("The call has ended. Its story and its recording are in the dashboard.");
      } catch (error) {
        if (++failures > FAILURES_MAX) throw error;
      }
    }
    say("The call goes on; follow it in the dashboard.");
  };

  const dial = async () => {
    const { text, number } = shown();
    button.disabled = true;
    link.hidden = true;
    say(`Dialling ${text}`);
    progress("ringing");
    try {
      const { call, status } = await json(
        await fetch("/dial", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ number }) }),
      );
      progress(status);
      await follow(call, Date.now());
    } catch (error) {
      progress("");
      say(`No call: ${error.message}`, true);
    }
    button.disabled = false;
  };

  /** A new visitor has nothing in storage; withdrawing consent is how a page asks the snippet to forget. */
  const arrive = () => {
    const [, path, query] = ARRIVALS[Number(select.value)];
    window.tl?.("consent", false);
    location.assign(path + query());
  };

  const read = () => {
    printed.textContent = shown().text;
  };

  button.addEventListener("click", dial);
  select.addEventListener("change", () => select.value && arrive());
  new MutationObserver(read).observe(document.querySelector("#header-number"), { subtree: true, childList: true, characterData: true });
  read();
  document.body.append(control);

  // The snippet tells the server of the form, and the server makes a lead of it. Here it only says where to look.
  for (const form of document.querySelectorAll("form[data-quote]"))
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const log = element("a", { href: "/leads", target: "trunkline-dashboard" }, "See your request in the dashboard");
      form.querySelector(".sent").replaceChildren("Tallgrass Roofing is made up, so nobody will call. But your request is a lead now. ", log, ".");
    });
})();
