// The form of what a feed says: payout, hours, caps, duplicates, requests and pings.

import { NumberInput, SegmentedControl, Switch } from "@mantine/core";
import { said, withField, type FeedDocument } from "../documents";
import { useCurrency } from "../queries";
import { CapsEditor } from "./CapsEditor";
import { DuplicatesEditor } from "./DuplicatesEditor";
import { Amount, Maybe, Part } from "./fields";
import { filterProblem } from "./filter";
import { PriceEditor } from "./PriceEditor";
import { ScheduleEditor } from "./ScheduleEditor";

/** What keeps a feed's document from being sent. */
export function feedProblem(feed: FeedDocument): string | undefined {
  const filters = [...(feed.caps ?? []).map((cap) => cap.when), ...(feed.payout?.rules ?? []).map((rule) => rule.when)];
  return filters.map(filterProblem).find((problem) => problem !== undefined);
}

type Pings = NonNullable<FeedDocument["pings"]>;

export function FeedTermsForm({ document, set }: { document: FeedDocument; set: (document: FeedDocument) => void }) {
  const currency = useCurrency();
  const put = <K extends keyof FeedDocument>(field: K, value: FeedDocument[K] | undefined) =>
    set(withField(document, field, value));
  const pings = (next: Partial<Pings>) => {
    const changed = said({ ...document.pings, ...next }) as Pings;
    put("pings", Object.keys(changed).length ? changed : undefined);
  };
  return (
    <>
      <Part title="Payout" hint="What the publisher is paid.">
        <PriceEditor
          value={document.payout}
          set={(payout) => put("payout", payout)}
          currency={currency}
          side="publisher"
          empty="Nothing is paid"
        />
      </Part>
      <Part title="Hours" hint="When the feed is taken.">
        <ScheduleEditor
          label="the feed"
          value={document.schedule}
          empty="Always open"
          set={(schedule) => put("schedule", schedule)}
        />
      </Part>
      <Part title="Caps">
        <CapsEditor publisher value={document.caps ?? []} set={(caps) => set(said({ ...document, caps }))} currency={currency} />
      </Part>
      <Part title="People who came before">
        {document.duplicates === undefined && <p className="dim">As the campaign says</p>}
        <DuplicatesEditor
          of="campaign"
          value={document.duplicates ?? []}
          set={(rules) => put("duplicates", rules.length ? rules : undefined)}
        />
      </Part>
      <Part title="Requests" hint="How many pings and leads the key may send.">
        <div className="pair">
          <NumberInput
            label="A minute"
            placeholder="The server's own limit"
            value={document.rate?.per_minute ?? ""}
            min={1}
            hideControls
            allowDecimal={false}
            onChange={(next) =>
              put("rate", next === "" ? undefined : { ...document.rate, per_minute: Math.max(1, Number(next) || 1) })
            }
          />
          {document.rate && (
            <Maybe
              label="At once"
              placeholder="A minute's worth"
              min={1}
              max={1_000_000}
              value={document.rate.burst}
              set={(burst) => {
                const { burst: _, ...rest } = document.rate as NonNullable<FeedDocument["rate"]>;
                put("rate", burst === undefined ? rest : { ...rest, burst });
              }}
            />
          )}
        </div>
      </Part>
      <Part title="Pings" hint="How bids are answered.">
        <div className="pair">
          <Maybe
            label="A lead's ping holds"
            unit="s"
            placeholder="60 s"
            min={10}
            max={600}
            value={document.pings?.ping_valid_s}
            set={(ping_valid_s) => pings({ ping_valid_s })}
          />
          <Maybe
            label="A bid for a call holds"
            unit="s"
            placeholder="30 s"
            min={5}
            max={300}
            value={document.pings?.bid_valid_s}
            set={(bid_valid_s) => pings({ bid_valid_s })}
          />
          <Maybe
            label="An auction may take"
            unit="ms"
            placeholder="1500 ms"
            min={100}
            max={5_000}
            value={document.pings?.deadline_ms}
            set={(deadline_ms) => pings({ deadline_ms })}
          />
          <Amount
            label="Never offered below"
            optional
            placeholder="0.00"
            value={document.pings?.bid_min}
            currency={currency}
            set={(bid_min) => pings({ bid_min })}
          />
        </div>
        <div className="row wrap">
          <span className="small soft">A call that does not keep its bid</span>
          <SegmentedControl
            aria-label="A call that does not keep its bid"
            value={document.pings?.on_mismatch ?? "ordinary"}
            data={[
              { value: "ordinary", label: "Is routed as any call" },
              { value: "reject", label: "Is refused" },
            ]}
            onChange={(next) => pings({ on_mismatch: next === "reject" ? "reject" : undefined })}
          />
        </div>
      </Part>
      <Switch
        label="Paused by these terms"
        checked={document.paused ?? false}
        onChange={(event) => set(said({ ...document, paused: event.currentTarget.checked }))}
      />
    </>
  );
}
