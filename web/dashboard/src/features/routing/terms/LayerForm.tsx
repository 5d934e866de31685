// The form of one level of the terms: price, order, filter, hours, caps and the rest. What is left out is said by the level
// before.

import { MultiSelect, SegmentedControl, Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { said, withField, type Layer } from "../documents";
import { listsQuery, useCurrency, useVertical } from "../queries";
import { filterProblem } from "./filter";
import { CapsEditor } from "./CapsEditor";
import { DuplicatesEditor } from "./DuplicatesEditor";
import { Amount, Maybe, Part } from "./fields";
import { FilterEditor } from "./FilterEditor";
import { PriceEditor } from "./PriceEditor";
import { ScheduleEditor } from "./ScheduleEditor";

export type LevelKind = "account" | "campaign" | "buyer" | "destination" | "contract";

type LayerProps = { level: LevelKind; document: Layer; set: (document: Layer) => void; vertical?: string | null };

/** What keeps a level from being sent. */
export function layerProblem(layer: Layer): string | undefined {
  const filters = [
    layer.filter,
    ...(layer.caps ?? []).map((cap) => cap.when),
    ...(layer.price?.rules ?? []).map((rule) => rule.when),
  ];
  return filters.map(filterProblem).find((problem) => problem !== undefined);
}

const above: Record<LevelKind, string> = {
  account: "the usual",
  campaign: "what the account says",
  buyer: "what campaign and account say",
  destination: "what the buyer says, else campaign and account",
  contract: "what the destination says, else buyer, campaign and account",
};

export function LayerForm({ level, document, set, vertical }: LayerProps) {
  const currency = useCurrency();
  const lists = useQuery(listsQuery()).data ?? [];
  const trade = useVertical(vertical);
  const put = <K extends keyof Layer>(field: K, value: Layer[K] | undefined) => set(withField(document, field, value));
  const keep = (next: Layer) => set(said(next));
  const inherited = `As inherited: ${above[level]}`;
  return (
    <>
      <p className="small dim">What you leave out is {above[level]}. Filters, caps and calls at the same time of every level hold together.</p>
      <Part title="Price" hint="What the buyer pays.">
        <PriceEditor
          value={document.price}
          set={(price) => put("price", price)}
          currency={currency}
          side="buyer"
          empty={inherited}
        />
        <div className="row wrap">
          <span className="small soft">Pays</span>
          <SegmentedControl
            aria-label="How the buyer pays"
            value={document.payment ?? ""}
            data={[
              { value: "", label: "As inherited" },
              { value: "prepaid", label: "From a balance" },
              { value: "net_terms", label: "By invoice" },
            ]}
            onChange={(payment) => put("payment", (payment || undefined) as Layer["payment"])}
          />
        </div>
      </Part>
      <Part title="Takes" hint="Which calls and leads.">
        <FilterEditor
          label="what is taken"
          value={document.filter}
          empty="Everything"
          choices={trade?.filters}
          set={(filter) => put("filter", filter)}
        />
        <MultiSelect
          label="Never people on"
          placeholder={document.suppressed_by?.length ? "" : lists.length ? "Choose suppression lists" : "There is no list yet"}
          data={lists.filter((list) => list.kind !== "texts").map((list) => ({ value: list.id, label: list.name }))}
          value={document.suppressed_by ?? []}
          onChange={(ids) => keep({ ...document, suppressed_by: ids })}
        />
      </Part>
      <Part title="Hours" hint="When offers are taken.">
        <ScheduleEditor
          label="the terms"
          value={document.schedule}
          empty={inherited}
          set={(schedule) => put("schedule", schedule)}
        />
        <div className="half">
          <Maybe
            label="Nothing new before closing"
            unit="s"
            max={86_400}
            value={document.last_call_s}
            set={(value) => put("last_call_s", value)}
          />
        </div>
      </Part>
      <Part title="Caps" hint="How much in which span. Of every level the caps hold.">
        <CapsEditor value={document.caps ?? []} set={(caps) => keep({ ...document, caps })} currency={currency} />
        <div className="half">
          <Maybe
            label="Calls at the same time"
            placeholder="No limit of this level"
            max={1_000_000}
            value={document.concurrency_max}
            set={(value) => put("concurrency_max", value)}
          />
        </div>
      </Part>
      <Part title="Order" hint="Among the contracts of a campaign.">
        <div className="pair">
          <Maybe
            label="Priority"
            description="The smaller, the sooner."
            min={-1_000_000}
            max={1_000_000}
            value={document.priority}
            set={(value) => put("priority", value)}
          />
          <Maybe
            label="Weight"
            description="The share within its priority."
            max={1_000_000}
            value={document.weight}
            set={(value) => put("weight", value)}
          />
        </div>
      </Part>
      <Part title="People who came before">
        {document.duplicates === undefined && <p className="dim">{inherited}</p>}
        <DuplicatesEditor
          of="contract"
          value={document.duplicates ?? []}
          set={(rules) => put("duplicates", rules.length ? rules : undefined)}
        />
      </Part>
      <Part title="Calling and bidding">
        <div className="pair">
          <Maybe
            label="Rings for"
            unit="s"
            min={5}
            max={120}
            value={document.ring_timeout_s}
            set={(value) => put("ring_timeout_s", value)}
          />
          <Maybe
            label="Hang-up within counts as no answer"
            unit="s"
            max={300}
            value={document.recovery_s}
            set={(value) => put("recovery_s", value)}
          />
          <Maybe
            label="Connections before, at most"
            max={100}
            value={document.prior_connects_max}
            set={(value) => put("prior_connects_max", value)}
          />
          <Maybe
            label="Wait for a bid"
            unit="ms"
            min={100}
            max={5_000}
            value={document.bid_timeout_ms}
            set={(value) => put("bid_timeout_ms", value)}
          />
          <Maybe
            label="A bid takes of a place"
            unit="%"
            max={100}
            value={document.reservation_percent}
            set={(value) => put("reservation_percent", value)}
          />
          <Amount
            label="Largest bid that is believed"
            optional
            placeholder="As inherited"
            value={document.bid_max}
            currency={currency}
            set={(value) => put("bid_max", value)}
          />
        </div>
      </Part>
      <Switch
        label="Paused by these terms"
        checked={document.paused ?? false}
        onChange={(event) => keep({ ...document, paused: event.currentTarget.checked })}
      />
    </>
  );
}
