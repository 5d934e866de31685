// A route plan while it is built: what is put in, moved and taken out, and what share each member has.

import type { Group, Member, Method, RoutePlan } from "../documents";

/** Where a member stands. */
export type Spot = { group: string; at: number };

/** What shares need to know of a contract. */
export type Standing = { priority: number; weight: number };

export const ATTEMPTS_USUAL = 5;
export const DEPTH_MAX = 5;

export function emptyPlan(): RoutePlan {
  return { schema: 1, start: "main", groups: { main: { method: "waterfall", members: [] } } };
}

export const contractOf = (member: Member): string | undefined =>
  "contract" in member.to ? member.to.contract : undefined;
export const groupOf = (member: Member): string | undefined => ("group" in member.to ? member.to.group : undefined);

/** Every contract of a plan, wherever it stands. */
export function contractsIn(plan: RoutePlan): string[] {
  return Object.values(plan.groups).flatMap((group) => group.members.map(contractOf).filter((id) => id !== undefined));
}

function withGroup(plan: RoutePlan, name: string, change: (group: Group) => Group): RoutePlan {
  const group = plan.groups[name];
  return group ? { ...plan, groups: { ...plan.groups, [name]: change(group) } } : plan;
}

const withMembers = (plan: RoutePlan, name: string, change: (members: Member[]) => Member[]): RoutePlan =>
  withGroup(plan, name, (group) => ({ ...group, members: change(group.members) }));

export function setGroup(plan: RoutePlan, name: string, group: Group): RoutePlan {
  return withGroup(plan, name, () => group);
}

export function setMember(plan: RoutePlan, spot: Spot, member: Member): RoutePlan {
  return withMembers(plan, spot.group, (members) => members.map((each, i) => (i === spot.at ? member : each)));
}

export function addContract(plan: RoutePlan, group: string, contract: string): RoutePlan {
  return withMembers(plan, group, (members) => [...members, { to: { contract } }]);
}

/** A name that no group of the plan has. */
export function freeName(plan: RoutePlan, wish: string): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? wish : `${wish} ${n}`;
    if (!(name in plan.groups)) return name;
  }
}

export function addGroup(plan: RoutePlan, within: string, method: Method): RoutePlan {
  const name = freeName(plan, "tier");
  const grown = withMembers(plan, within, (members) => [...members, { to: { group: name } }]);
  return { ...grown, groups: { ...grown.groups, [name]: { method, members: [] } } };
}

/** The group itself and every group below it. */
export function below(plan: RoutePlan, name: string): string[] {
  const found: string[] = [];
  const walk = (at: string) => {
    const group = plan.groups[at];
    if (!group || found.includes(at)) return;
    found.push(at);
    for (const member of group.members) {
      const inner = groupOf(member);
      if (inner !== undefined) walk(inner);
    }
  };
  walk(name);
  return found;
}

/** How deep a group stands: 1 for the beginning. */
export function depthOf(plan: RoutePlan, name: string): number {
  for (const [over, group] of Object.entries(plan.groups)) {
    if (group.members.some((member) => groupOf(member) === name)) return depthOf(plan, over) + 1;
  }
  return 1;
}

/** Takes a member out; a group goes with everything in it. */
export function remove(plan: RoutePlan, spot: Spot): RoutePlan {
  const member = plan.groups[spot.group]?.members[spot.at];
  if (!member) return plan;
  const shrunk = withMembers(plan, spot.group, (members) => members.filter((_, i) => i !== spot.at));
  const inner = groupOf(member);
  if (inner === undefined) return shrunk;
  const gone = new Set(below(plan, inner));
  return { ...shrunk, groups: Object.fromEntries(Object.entries(shrunk.groups).filter(([name]) => !gone.has(name))) };
}

/** Whether a member may be moved into a group: a group never into itself, and nothing deeper than plans go. */
export function mayMove(plan: RoutePlan, from: Spot, to: string): boolean {
  const member = plan.groups[from.group]?.members[from.at];
  if (!member || !(to in plan.groups)) return false;
  const inner = groupOf(member);
  if (inner === undefined) return true;
  const inside = below(plan, inner);
  if (inside.includes(to)) return false;
  const height = Math.max(...inside.map((name) => depthOf(plan, name))) - depthOf(plan, inner) + 1;
  return depthOf(plan, to) + height <= DEPTH_MAX;
}

/** Moves a member to before the one at `to`; the plan as it was when it may not. */
export function move(plan: RoutePlan, from: Spot, to: Spot): RoutePlan {
  const member = plan.groups[from.group]?.members[from.at];
  if (!member || !mayMove(plan, from, to.group)) return plan;
  const without = withMembers(plan, from.group, (members) => members.filter((_, i) => i !== from.at));
  const at = from.group === to.group && from.at < to.at ? to.at - 1 : to.at;
  return withMembers(without, to.group, (members) => [...members.slice(0, at), member, ...members.slice(at)]);
}

/** Gives a group another name, everywhere; the plan as it was when the name is taken or empty. */
export function rename(plan: RoutePlan, name: string, wish: string): RoutePlan {
  const next = wish.trim();
  if (!next || next === name || next in plan.groups || !(name in plan.groups)) return plan;
  const groups = Object.entries(plan.groups).map(([each, group]): [string, Group] => [
    each === name ? next : each,
    {
      ...group,
      members: group.members.map((member) => (groupOf(member) === name ? { ...member, to: { group: next } } : member)),
    },
  ]);
  return { ...plan, start: plan.start === name ? next : plan.start, groups: Object.fromEntries(groups) };
}

/** What a member is told to get: its turn in an order, its share of its tier, or that all are asked together. */
export type Share =
  | { sort: "turn"; turn: number }
  | { sort: "share"; tier: number; share: number }
  | { sort: "together" }
  | { sort: "results" };

const standing = (member: Member, contracts: ReadonlyMap<string, Standing>): Standing => {
  const id = contractOf(member);
  const own = id === undefined ? undefined : contracts.get(id);
  return { priority: member.priority ?? own?.priority ?? 0, weight: member.weight ?? own?.weight ?? 1 };
};

/** The share of each member of a group, in their order, while all of them could take it. */
export function sharesOf(group: Group, contracts: ReadonlyMap<string, Standing>): Share[] {
  const of = group.members.map((member) => standing(member, contracts));
  if (group.method === "simultaneous" || group.method === "auction") return of.map(() => ({ sort: "together" }));
  if (group.method === "performance") return of.map(() => ({ sort: "results" }));
  const levels = [...new Set(of.map((each) => each.priority))].sort((a, b) => a - b);
  if (group.method === "waterfall") {
    // By priority, then as they stand.
    const order = of.map((each, i) => ({ ...each, i })).sort((a, b) => a.priority - b.priority || a.i - b.i);
    const turns = new Map(order.map((each, turn) => [each.i, turn + 1]));
    return of.map((_, i) => ({ sort: "turn", turn: turns.get(i) ?? i + 1 }));
  }
  const weight = (each: Standing) => (group.method === "round_robin" ? 1 : each.weight);
  return of.map((each) => {
    const level = of.filter((other) => other.priority === each.priority);
    const sum = level.reduce((total, other) => total + weight(other), 0);
    // A weight of zero is asked when it stands alone.
    const share = sum > 0 ? weight(each) / sum : level.length === 1 ? 1 : 0;
    return { sort: "share", tier: levels.indexOf(each.priority) + 1, share };
  });
}

const ordinals = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];

/** "first", "50% of tier 2", "together" */
export function shareWords(share: Share, tiers: number): string {
  switch (share.sort) {
    case "turn":
      return ordinals[share.turn - 1] ?? `number ${share.turn}`;
    case "share": {
      const percent = `${Math.round(share.share * 1000) / 10}%`;
      return tiers > 1 ? `${percent} of tier ${share.tier}` : percent;
    }
    case "together":
      return "together";
    case "results":
      return "by results";
  }
}

/** What keeps a plan from being saved, or nothing. */
export function planProblem(plan: RoutePlan): string | undefined {
  const empty = Object.entries(plan.groups).find(([, group]) => group.members.length === 0);
  if (!empty) return undefined;
  return empty[0] === plan.start
    ? "The plan is empty: add a contract"
    : `The group ${empty[0]} is empty: add a contract, or remove the group`;
}
