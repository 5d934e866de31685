/**
 * The pasted block: shows the remembered or source-level numbers before the first paint, sends the one assignment
 * request, and fetches the core. Whatever goes wrong, the page keeps the numbers it has.
 */
import { FORMAT, type Answer, type Consent, type Config, type Memory } from "./contract.ts";
import { shared } from "./engine.ts";
import { start } from "./fetched.ts";
import { arrival } from "./rules.ts";

const enum Milliseconds {
  /** How long the assignment may take. */
  AssignMax = 4000,
  /** How long an assignment is ours before a first beacon confirms it; the core makes it longer. */
  Provisional = 90000,
}

// An element called `tl` is no function of ours.
if (!self.tl?.call) {
  self.tl = (...call) => shared.q.push(call);
  try {
    const config: Config = JSON.parse(
      // Neither a configuration nor a reason to complain for what reads pages by machine; CUBOT makes telephones.
      (/[^u]bot|crawl|spider/i.test(navigator.userAgent) as never) || document.scripts["trunkline-config" as never]!["text"],
    );
    const key = config.u;
    const consent = document.querySelector<HTMLElement>("[data-consent]")?.dataset.consent;
    const [touch, base = []] = arrival(config);
    let remembered: Memory | undefined;
    // Something remembered is proof of an earlier consent: it is removed when consent is withdrawn.
    try {
      if (consent != (1 as never)) remembered = JSON.parse(localStorage[key]);
    } catch {}
    const fresh = remembered?.x! > (new Date() as never) && remembered!.numbers;
    const known = !touch && fresh;

    shared.C = config;
    shared.b = base;
    shared.l = remembered || !consent ? 2 : (~~(consent as never) as Consent);
    shared.M = { ...remembered, numbers: known || base.concat(fresh || []) };
    shared.a = async (as) => {
      try {
        const response = await fetch(key + "/assign", {
          method: "POST",
          signal: AbortSignal.timeout?.(Milliseconds.AssignMax),
          keepalive: true,
          // A string travels as text/plain: no preflight.
          body: JSON.stringify({
            v: FORMAT,
            c: config.c,
            page: location.href,
            ref: document.referrer,
            token: shared.M.token,
            consent: shared.l,
            ...as,
          }),
        });
        const answer: Answer = await response.json();
        // A problem has no numbers: it ends here.
        shared.M = { ...answer, numbers: answer.numbers.concat(base), x: +new Date() + Milliseconds.Provisional };
        shared.r();
        if (shared.l > 1) localStorage[key] = JSON.stringify(shared.M);
      } catch {}
    };
    shared.r();
    const begin = () => {
      // Without consent and with a number there is nothing to ask: the page already shows its source's.
      const settled = known || (!shared.l && base[0]);
      if (!settled) shared.p = shared.a();
      start();
    };
    // A prerendered page may never be seen: it takes no number until it is.
    if (document.prerendering) document.onprerenderingchange = begin;
    else begin();
  } catch {}
}
