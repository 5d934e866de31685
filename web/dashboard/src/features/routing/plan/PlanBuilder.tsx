// The route plan of a campaign: groups with their method, and in each its members in order, to be dragged or moved by keys,
// each with its share. A draft until it is saved, at once or for a time.

import { ActionIcon, Button, Menu, NumberInput, SegmentedControl, Select, Switch, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useMemo, useState, type DragEvent } from "react";
import { Link } from "wouter";
import { api, Refused, take, words } from "../../../api/client";
import { instantOf, localMinute, zoneName } from "../../../base/time";
import { Card } from "../../../parts/Card";
import { Icon } from "../../../parts/Icon";
import { Empty } from "../../../parts/Waiting";
import { At } from "../../../parts/When";
import { useMay, useZone } from "../../access/session";
import { said, type Group, type Layer, type Member, type Method, type RoutePlan } from "../documents";
import { ThingState } from "../parts";
import {
  at,
  buyersQuery,
  byId,
  contractsQuery,
  destinationsQuery,
  sent,
  useCurrency,
  useRefresh,
  type Campaign,
  type Contract,
} from "../queries";
import { CapsEditor } from "../terms/CapsEditor";
import { Maybe, Part } from "../terms/fields";
import { FilterEditor } from "../terms/FilterEditor";
import { placeWords } from "../terms/places";
import { planRows } from "../terms/rows";
import { ScheduleEditor } from "../terms/ScheduleEditor";
import { VersionsButton } from "../terms/TermsCard";
import { methodOf, methods, priceWords } from "../words";
import {
  addContract,
  addGroup,
  ATTEMPTS_USUAL,
  contractOf,
  contractsIn,
  depthOf,
  DEPTH_MAX,
  emptyPlan,
  groupOf,
  mayMove,
  move,
  planProblem,
  remove,
  rename,
  setGroup,
  setMember,
  shareWords,
  sharesOf,
  type Spot,
  type Standing,
} from "./plan";

export type PlanContract = Contract & { buyerName: string; destinationName: string; layer: Layer; standing: Standing };

type BuilderProps = { campaign: Campaign; addContractToo: () => void };

export function PlanBuilder({ campaign, addContractToo }: BuilderProps) {
  const { plan } = campaign;
  return <Draft key={`${plan.id} ${plan.newest}`} campaign={campaign} addContractToo={addContractToo} />;
}

/** The contracts of a campaign with the names of whom they lead to, and how they stand by themselves. */
function useContracts(campaign: string): PlanContract[] {
  const contracts = useQuery(contractsQuery()).data;
  const destinations = useQuery(destinationsQuery()).data;
  const buyers = useQuery(buyersQuery()).data;
  return useMemo(() => {
    const toDestination = byId(destinations);
    const toBuyer = byId(buyers);
    return (contracts ?? [])
      .filter((contract) => contract.campaign === campaign)
      .map((contract) => {
        const destination = toDestination.get(contract.destination);
        const buyer = destination && toBuyer.get(destination.buyer);
        const own = contract.terms.live?.document ?? {};
        const layers = [buyer?.terms, destination?.terms, contract.terms].map((terms) => terms?.live?.document ?? {});
        const last = <K extends keyof Layer>(field: K) => layers.map((layer) => layer[field]).findLast((v) => v !== undefined);
        return {
          ...contract,
          buyerName: buyer?.name ?? "a deleted buyer",
          destinationName: destination?.name ?? "",
          layer: { ...own, price: last("price") },
          standing: { priority: last("priority") ?? 0, weight: last("weight") ?? 1 },
        };
      });
  }, [contracts, destinations, buyers, campaign]);
}

function Draft({ campaign, addContractToo }: BuilderProps) {
  const may = useMay();
  const zone = useZone();
  const refresh = useRefresh();
  const contracts = useContracts(campaign.id);
  const stored = (campaign.plan.staged ?? campaign.plan.live)?.document;
  const [plan, setPlan] = useState<RoutePlan>(stored ?? emptyPlan());
  const [said_, say] = useState("");
  const [later, setLater] = useState(false);
  const [minute, setMinute] = useState(() => localMinute(Date.now() + 24 * 3_600_000, zone));
  const live_at = later ? instantOf(minute, zone) : undefined;
  const changed = JSON.stringify(plan) !== JSON.stringify(stored ?? emptyPlan());
  const saving = useMutation({
    mutationFn: () =>
      take(
        api.PUT("/api/v1/campaigns/{id}/plan", {
          params: at(campaign.id),
          body: { seen: campaign.plan.newest, document: sent(plan), ...(live_at ? { live_at } : {}) },
        }),
      ),
    onSuccess: refresh,
  });
  const giving = useMutation({
    mutationFn: () => take(api.DELETE("/api/v1/terms/{id}/staged", { params: at(campaign.plan.id) })),
    onSuccess: refresh,
  });
  const problem = planProblem(plan);
  const refused = saving.error instanceof Refused ? saving.error : null;
  const names = new Map(contracts.map((contract) => [contract.id, `${contract.buyerName}, ${contract.name}`]));
  const left = contracts.filter((contract) => !contractsIn(plan).includes(contract.id));
  const builder: Builder = { plan, setPlan, contracts, left, write: may.write, say };
  if (contracts.length === 0) {
    return (
      <Card title="Route plan" lined>
        <Empty
          title="A plan begins with contracts"
          action={
            may.write && (
              <Button variant="filled" onClick={addContractToo}>
                Add the first contract
              </Button>
            )
          }
        >
          A contract says which destination takes what of this campaign, and at what price. The plan puts contracts into an
          order: one after the other, by weight, all at once, or by auction.
        </Empty>
      </Card>
    );
  }
  return (
    <div className="stack">
      {campaign.plan.staged && (
        <div className="note staged" role="note">
          <Icon name="clock" />
          <div className="grow">
            <div className="med">
              This plan takes over <At at={campaign.plan.staged.live_at} />
            </div>
            <div className="small soft">Until then the plan before is in force. What you save takes its place.</div>
            {giving.isError && <div className="small bad">{words(giving.error)}</div>}
          </div>
          {may.write && (
            <Button size="xs" loading={giving.isPending} onClick={() => giving.mutate()}>
              Give it up
            </Button>
          )}
        </div>
      )}
      <Card
        title="Route plan"
        lined
        right={
          <>
            <span className="wide-only">{methodOf(plan.groups[plan.start]?.method ?? "waterfall").hint}</span>
            <VersionsButton terms={campaign.plan} rows={(document) => planRows(document, names)} />
          </>
        }
      >
        <div className="plan">
          <GroupBox name={plan.start} builder={builder} />
          <div className="row wrap plan-foot">
            <div className="attempts">
              <Maybe
                label="Tries for one call or lead"
                placeholder={String(ATTEMPTS_USUAL)}
                min={1}
                max={100}
                value={plan.attempts_max}
                set={(attempts_max) => setPlan(said({ ...plan, attempts_max }))}
              />
            </div>
            {left.length > 0 && (
              <p className="small dim">
                Not in the plan, never asked: {left.map((contract) => contract.name).join(", ")}.
              </p>
            )}
          </div>
        </div>
      </Card>
      <p className="sr" aria-live="polite">
        {said_}
      </p>
      {may.write && (changed || saving.isError) && (
        <section className="save-bar" aria-label="Changes of the plan">
          {saving.isError && (
            <div className="bad small" role="alert">
              {refused?.problems.length ? (
                <ul>
                  {refused.problems.map((each, i) => (
                    <li key={i}>
                      {placeWords(each.place)}: {withNames(each.message, names)}
                    </li>
                  ))}
                </ul>
              ) : (
                words(saving.error)
              )}
            </div>
          )}
          <div className="row wrap">
            <span className="med">{problem ?? "The plan was changed and is not saved"}</span>
            <span className="grow" />
            <SegmentedControl
              aria-label="When the plan is in force"
              value={later ? "later" : "now"}
              data={[
                { value: "now", label: "At once" },
                { value: "later", label: "From a time on" },
              ]}
              onChange={(next) => setLater(next === "later")}
            />
            {later && (
              <TextInput
                type="datetime-local"
                aria-label={`In force from, ${zoneName(zone)} time`}
                value={minute}
                onChange={(event) => setMinute(event.currentTarget.value)}
              />
            )}
            <Button variant="subtle" onClick={() => setPlan(stored ?? emptyPlan())}>
              Discard
            </Button>
            <Button
              variant="filled"
              loading={saving.isPending}
              disabled={problem !== undefined || (later && live_at === undefined)}
              onClick={() => saving.mutate()}
            >
              Save the plan
            </Button>
          </div>
        </section>
      )}
    </div>
  );
}

/** Ids in a message of the server become names. */
function withNames(message: string, names: ReadonlyMap<string, string>): string {
  return message.replace(/`?(ctr_[0-9a-z]{13})`?/g, (whole, id: string) => names.get(id) ?? whole);
}

type Builder = {
  plan: RoutePlan;
  setPlan: (plan: RoutePlan) => void;
  contracts: PlanContract[];
  left: PlanContract[];
  write: boolean;
  say: (words: string) => void;
};

const DRAG = "application/x-trunkline-member";

function GroupBox({ name, builder, spot, member }: { name: string; builder: Builder; spot?: Spot; member?: Member }) {
  const { plan, setPlan, contracts, write } = builder;
  const [settings, setSettings] = useState(false);
  const [over, setOver] = useState<number | null>(null);
  const group = plan.groups[name];
  if (!group) return null;
  const standing = new Map(contracts.map((contract) => [contract.id, contract.standing]));
  const shares = sharesOf(group, standing);
  const tiers = new Set(shares.map((share) => (share.sort === "share" ? share.tier : 1))).size;
  const set = (next: Group) => setPlan(setGroup(plan, name, next));
  const drop = (event: DragEvent, at: number) => {
    event.preventDefault();
    event.stopPropagation();
    setOver(null);
    const from = JSON.parse(event.dataTransfer.getData(DRAG) || "null") as Spot | null;
    if (from) setPlan(move(plan, from, { group: name, at }));
  };
  const dragOver = (event: DragEvent, at: number) => {
    if (!event.dataTransfer.types.includes(DRAG)) return;
    event.preventDefault();
    event.stopPropagation();
    setOver(at);
  };
  const extra = [
    group.filter && "filter",
    group.schedule && "hours",
    group.caps?.length && "caps",
    group.concurrency_max !== undefined && "lines",
  ].filter(Boolean);
  return (
    <div
      className={`plan-group ${spot ? "inner" : ""}`}
      onDragOver={(event) => dragOver(event, group.members.length)}
      onDragLeave={() => setOver(null)}
      onDrop={(event) => drop(event, group.members.length)}
    >
      <header>
        <GroupName key={name} name={name} builder={builder} fixed={!write} />
        <Select
          aria-label={`Method of the group ${name}`}
          className="plan-method"
          data={methods}
          value={group.method}
          disabled={!write}
          allowDeselect={false}
          onChange={(method) => method && set({ ...group, method: method as Method })}
        />
        <span className="grow" />
        {spot && member && <ShareOf builder={builder} spot={spot} />}
        <Button
          size="xs"
          variant="subtle"
          aria-expanded={settings}
          onClick={() => setSettings(!settings)}
        >
          {extra.length ? `With ${extra.join(", ")}` : "Settings"}
        </Button>
        {spot && <MemberActs builder={builder} spot={spot} what={`the group ${name}`} />}
      </header>
      {settings && <GroupSettings name={name} group={group} set={set} spot={spot} member={member} builder={builder} />}
      {group.members.length === 0 ? (
        <p className={`plan-empty dim ${over !== null ? "over" : ""}`}>Nobody is in it. Add a contract, or drag one here.</p>
      ) : (
        <ol>
          {group.members.map((each, i) => {
            const at = { group: name, at: i };
            const inner = groupOf(each);
            const id = contractOf(each);
            return (
              <li
                key={inner ?? id}
                draggable={write}
                className={over === i ? "over" : undefined}
                onDragStart={(event) => {
                  event.stopPropagation();
                  event.dataTransfer.effectAllowed = "move";
                  event.dataTransfer.setData(DRAG, JSON.stringify(at));
                }}
                onDragOver={(event) => dragOver(event, i)}
                onDrop={(event) => drop(event, i)}
              >
                {inner !== undefined ? (
                  <GroupBox name={inner} builder={builder} spot={at} member={each} />
                ) : (
                  <ContractRow
                    builder={builder}
                    spot={at}
                    member={each}
                    method={group.method}
                    contract={contracts.find((contract) => contract.id === id)}
                    share={shareWords(shares[i] ?? { sort: "together" }, tiers)}
                  />
                )}
              </li>
            );
          })}
        </ol>
      )}
      {write && <AddMember name={name} builder={builder} />}
    </div>
  );
}

/** The share of a group among its siblings. */
function ShareOf({ builder, spot }: { builder: Builder; spot: Spot }) {
  const group = builder.plan.groups[spot.group];
  if (!group) return null;
  const standing = new Map(builder.contracts.map((contract) => [contract.id, contract.standing]));
  const shares = sharesOf(group, standing);
  const tiers = new Set(shares.map((share) => (share.sort === "share" ? share.tier : 1))).size;
  const share = shares[spot.at];
  return share ? <span className="small soft tel">{shareWords(share, tiers)}</span> : null;
}

function GroupName({ name, builder, fixed }: { name: string; builder: Builder; fixed: boolean }) {
  const [text, setText] = useState(name);
  const taken = text.trim() !== name && text.trim() in builder.plan.groups;
  return (
    <TextInput
      aria-label={`Name of the group ${name}`}
      className="plan-name"
      value={text}
      maxLength={60}
      disabled={fixed}
      error={!text.trim() || taken}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={() => {
        const next = rename(builder.plan, name, text);
        if (next === builder.plan) setText(name);
        else builder.setPlan(next);
      }}
      onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
    />
  );
}

type RowProps = {
  builder: Builder;
  spot: Spot;
  member: Member;
  method: Method;
  contract: PlanContract | undefined;
  share: string;
};

function ContractRow({ builder, spot, member, method, contract, share }: RowProps) {
  const currency = useCurrency();
  const { plan, setPlan, write } = builder;
  const put = (next: Partial<Member>) => {
    const { priority, weight, ...rest } = { ...member, ...next };
    setPlan(
      setMember(plan, spot, {
        ...rest,
        ...(priority === undefined ? {} : { priority }),
        ...(weight === undefined ? {} : { weight }),
      }),
    );
  };
  if (!contract) {
    return (
      <div className="plan-row">
        <span className="grow bad">A contract that is put away or deleted</span>
        <MemberActs builder={builder} spot={spot} what="the missing contract" />
      </div>
    );
  }
  const ordered = method !== "simultaneous" && method !== "auction";
  return (
    <div className="plan-row">
      {write && (
        <span className="grip" aria-hidden="true">
          <Icon name="menu" size={14} />
        </span>
      )}
      <span className="two plan-who">
        <Link className="med cut" href={`/contracts/${contract.id}`}>
          {contract.name}
        </Link>
        <span className="sub cut">
          {contract.buyerName}, {contract.destinationName}
        </span>
      </span>
      <span className="plan-state small">
        <ThingState of={contract} byTerms={contract.layer.paused} />
      </span>
      <span className="plan-price num">{priceWords(contract.layer.price, currency)}</span>
      <span className="plan-share num med">{share}</span>
      <span className="plan-numbers">
        {ordered && (
          <Short
            label={`Priority of ${contract.name}`}
            name="priority"
            placeholder={contract.standing.priority}
            value={member.priority}
            fixed={!write}
            set={(priority) => put({ priority })}
          />
        )}
        {(method === "weighted" || method === "performance") && (
          <Short
            label={`Weight of ${contract.name}`}
            name="weight"
            placeholder={contract.standing.weight}
            value={member.weight}
            fixed={!write}
            set={(weight) => put({ weight })}
          />
        )}
      </span>
      <MemberActs builder={builder} spot={spot} what={contract.name} />
    </div>
  );
}

type ShortProps = {
  label: string;
  name: string;
  value: number | undefined;
  placeholder: number;
  fixed: boolean;
  set: (value: number | undefined) => void;
};

/** A number of the plan that stands before that of the contract. */
function Short({ label, name, value, placeholder, fixed, set }: ShortProps) {
  return (
    <span className="row tight small soft">
      <span aria-hidden="true">{name}</span>
      <NumberInput
        aria-label={label}
        className="short"
        size="xs"
        value={value ?? ""}
        placeholder={String(placeholder)}
        disabled={fixed}
        allowDecimal={false}
        hideControls
        min={name === "weight" ? 0 : undefined}
        onChange={(next) => set(next === "" ? undefined : Number(next))}
      />
    </span>
  );
}

function MemberActs({ builder, spot, what }: { builder: Builder; spot: Spot; what: string }) {
  const { plan, setPlan, write, say } = builder;
  if (!write) return null;
  const last = (plan.groups[spot.group]?.members.length ?? 0) - 1;
  const others = Object.keys(plan.groups).filter((name) => name !== spot.group && mayMove(plan, spot, name));
  const step = (by: 1 | -1) => {
    setPlan(move(plan, spot, { group: spot.group, at: by < 0 ? spot.at - 1 : spot.at + 2 }));
    say(`${what}: now number ${spot.at + 1 + by}`);
  };
  return (
    <span className="row tight plan-acts">
      <ActionIcon size={24} aria-label={`Move ${what} up`} disabled={spot.at === 0} onClick={() => step(-1)}>
        <Icon name="up" size={14} />
      </ActionIcon>
      <ActionIcon size={24} aria-label={`Move ${what} down`} disabled={spot.at === last} onClick={() => step(1)}>
        <Icon name="down" size={14} />
      </ActionIcon>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon size={24} aria-label={`More for ${what}`}>
            <Icon name="dots" size={14} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {others.map((name) => (
            <Menu.Item
              key={name}
              onClick={() => {
                setPlan(move(plan, spot, { group: name, at: plan.groups[name]?.members.length ?? 0 }));
                say(`${what}: now in ${name}`);
              }}
            >
              Move to {name}
            </Menu.Item>
          ))}
          {others.length > 0 && <Menu.Divider />}
          <Menu.Item leftSection={<Icon name="trash" />} onClick={() => setPlan(remove(plan, spot))}>
            Take out of the plan
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </span>
  );
}

function AddMember({ name, builder }: { name: string; builder: Builder }) {
  const { plan, setPlan, left } = builder;
  return (
    <div className="row wrap plan-add">
      {left.length > 0 && (
        <Select
          aria-label={`Add a contract to ${name}`}
          placeholder="Add a contract"
          leftSection={<Icon name="plus" size={14} />}
          searchable
          value={null}
          data={left.map((contract) => ({ value: contract.id, label: `${contract.buyerName}, ${contract.name}` }))}
          onChange={(id) => id && setPlan(addContract(plan, name, id))}
        />
      )}
      {depthOf(plan, name) < DEPTH_MAX && (
        <Button
          size="xs"
          variant="subtle"
          leftSection={<Icon name="plus" size={14} />}
          aria-label={`Add a group to ${name}`}
          onClick={() => setPlan(addGroup(plan, name, "weighted"))}
        >
          Add a group
        </Button>
      )}
    </div>
  );
}

type SettingsProps = {
  name: string;
  group: Group;
  set: (group: Group) => void;
  spot: Spot | undefined;
  member: Member | undefined;
  builder: Builder;
};

function GroupSettings({ name, group, set, spot, member, builder }: SettingsProps) {
  const currency = useCurrency();
  const at_once = group.method === "simultaneous" || group.method === "auction";
  const put = (next: Group) => set({ ...said(next), method: next.method, members: next.members });
  return (
    <div className="plan-settings">
      {spot && member && !at_once && (
        <Switch
          label="Its members stand among the others, instead of the group as one"
          checked={member.flat ?? false}
          onChange={(event) =>
            builder.setPlan(setMember(builder.plan, spot, said({ ...member, flat: event.currentTarget.checked })))
          }
        />
      )}
      <Part title="Takes" hint="What the group is about.">
        <FilterEditor
          label={`what the group ${name} takes`}
          value={group.filter}
          empty="Everything"
          set={(filter) => put({ ...group, filter })}
        />
      </Part>
      <Part title="Hours">
        <ScheduleEditor
          label={`the group ${name}`}
          value={group.schedule}
          empty="Always open"
          set={(schedule) => put({ ...group, schedule })}
        />
      </Part>
      <Part title="Caps" hint="Of all its members together.">
        <CapsEditor value={group.caps ?? []} set={(caps) => put({ ...group, caps })} currency={currency} />
        <div className="half">
          <Maybe
            label="Calls at the same time"
            placeholder="No limit"
            max={1_000_000}
            value={group.concurrency_max}
            set={(concurrency_max) => put({ ...group, concurrency_max })}
          />
        </div>
      </Part>
      {group.method === "auction" && <AuctionRules group={group} set={put} />}
      {group.method === "performance" && <ResultRules group={group} set={put} />}
    </div>
  );
}

type Rules = Record<string, unknown>;

function rule<T>(rules: Rules | undefined, field: string, usual: T): T {
  return (rules?.[field] as T | undefined) ?? usual;
}

function AuctionRules({ group, set }: { group: Group; set: (group: Group) => void }) {
  const rules = group.auction;
  const put = (field: string, value: unknown) => {
    const { [field]: _, ...rest } = rules ?? {};
    set({ ...group, auction: value === undefined ? rest : { ...rest, [field]: value } });
  };
  return (
    <Part title="Auction" hint="How bids become a sale.">
      <SegmentedControl
        aria-label="What the best bid pays"
        value={rule(rules, "pays", "first_price")}
        data={[
          { value: "first_price", label: "Pays what it bid" },
          { value: "second_price", label: "A cent over the second" },
        ]}
        onChange={(pays) => put("pays", pays)}
      />
      <div className="pair">
        <Maybe
          label="Margin"
          unit="%"
          placeholder="0 %"
          max={100}
          value={rules?.margin_percent === undefined ? undefined : Number(rules.margin_percent)}
          set={(value) => put("margin_percent", value)}
        />
        <Maybe
          label="Bids are waited for"
          unit="ms"
          placeholder="1500 ms"
          min={100}
          max={5_000}
          value={rules?.timeout_ms as number | undefined}
          set={(value) => put("timeout_ms", value)}
        />
        <Maybe
          label="Buyers who may share a lead"
          placeholder="1"
          min={1}
          max={10}
          value={rules?.legs_max as number | undefined}
          set={(value) => put("legs_max", value)}
        />
      </div>
    </Part>
  );
}

function ResultRules({ group, set }: { group: Group; set: (group: Group) => void }) {
  const rules = group.performance;
  const put = (field: string, value: unknown) => {
    const { [field]: _, ...rest }: Rules = { mode: "strict", ...rules };
    set({ ...group, performance: value === undefined ? rest : { ...rest, [field]: value } });
  };
  return (
    <Part title="Results" hint="How past offers order the members.">
      <SegmentedControl
        aria-label="How results order the members"
        value={rule(rules, "mode", "strict")}
        data={[
          { value: "strict", label: "The best first" },
          { value: "weighted", label: "In turn, the better more often" },
        ]}
        onChange={(mode) => put("mode", mode)}
      />
      <div className="pair">
        <Maybe
          label="Latest offers that count"
          placeholder="200"
          min={1}
          max={10_000}
          value={rules?.attempts_wanted as number | undefined}
          set={(value) => put("attempts_wanted", value)}
        />
        <Maybe
          label="New below so many offers"
          placeholder="20"
          max={10_000}
          value={rules?.attempts_min as number | undefined}
          set={(value) => put("attempts_min", value)}
        />
        <Maybe
          label="Tried with anybody first"
          unit="%"
          placeholder="10 %"
          max={100}
          value={rules?.explore_percent as number | undefined}
          set={(value) => put("explore_percent", value)}
        />
      </div>
    </Part>
  );
}
