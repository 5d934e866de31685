// The first-run path: which steps there are, what is done, and which comes next. Pure.

export type StepId = "account" | "site" | "snippet" | "trunk" | "numbers" | "call";
export type Step = { id: StepId; name: string; detail: string; done: boolean };

type Facts = {
  account: string;
  zone: string;
  sites: { name: string; seen: boolean }[];
  trunks: string[];
  numbers: number;
  calls: number;
};

export function setupSteps(facts: Facts): Step[] {
  const site = facts.sites[0];
  const seen = facts.sites.some((each) => each.seen);
  return [
    { id: "account", name: "Create the account", detail: `${facts.account}, ${facts.zone} time`, done: true },
    {
      id: "site",
      name: "Add the site",
      detail: site?.name ?? "Where visitors see the number",
      done: site !== undefined,
    },
    {
      id: "snippet",
      name: "Paste the snippet",
      detail: seen ? "Seen on the site" : "One block in the page's head",
      done: seen,
    },
    {
      id: "trunk",
      name: "Add a trunk",
      detail: facts.trunks[0] ?? "The line to your carrier",
      done: facts.trunks.length > 0,
    },
    {
      id: "numbers",
      name: "Get numbers",
      detail: facts.numbers ? `${facts.numbers} in the inventory` : "Those your carrier gave you",
      done: facts.numbers > 0,
    },
    {
      id: "call",
      name: "Place a test call",
      detail: facts.calls ? "A call has come in" : "You dial, and watch it arrive",
      done: facts.calls > 0,
    },
  ];
}

/** The step an address names, or else the first that is not done. */
export function stepAt(steps: Step[], wanted: string | undefined): Step {
  const named = steps.find((step) => step.id === wanted);
  return named ?? steps.find((step) => !step.done) ?? (steps.at(-1) as Step);
}
