// What a trunk's carrier takes for minutes: callers' legs, dialled ones by the first digits of their number.

import { ActionIcon, Button, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { api, take } from "../../api/client";
import { decimalsOf } from "../../base/figures";
import { Card } from "../../parts/Card";
import { useForm } from "../../parts/form";
import { Icon } from "../../parts/Icon";
import { Scroll } from "../../parts/Scroll";
import { Empty } from "../../parts/Waiting";
import { useMay, useMe } from "../access/session";
import {
  cardOf,
  emptyRow,
  PREFIXES_MAX,
  type PrefixText,
  type RateCard,
  rateProblem,
  ratesOf,
  ratesProblems,
  type RateText,
  rateWords,
  rowProblem,
} from "./rates";
import type { Trunk } from "./trunk";

export function RatesCard({ trunk }: { trunk: Trunk }) {
  const may = useMay();
  const [editing, editingIs] = useDisclosure(false);
  const card = trunk.rate_card;
  return (
    <Card
      title="What minutes cost"
      lined
      right={
        card &&
        may.operate &&
        !editing && (
          <Button size="xs" variant="subtle" onClick={editingIs.open}>
            Change the rates
          </Button>
        )
      }
    >
      {editing ? (
        <RatesForm trunk={trunk} close={editingIs.close} />
      ) : card ? (
        <Shown card={card} />
      ) : (
        <Empty
          title="Nobody wrote it down"
          action={may.operate && <Button onClick={editingIs.open}>Write a rate card</Button>}
        >
          With the carrier's prices each call shows what its minutes cost, profits are whole, and an account's spending can be
          limited.
        </Empty>
      )}
    </Card>
  );
}

function Shown({ card }: { card: RateCard }) {
  const currency = card.currency ?? "USD";
  const prefixes = card.prefixes ?? [];
  const rates = [card.inbound, card.outbound, ...prefixes];
  const decimals = decimalsOf(rates.map((rate) => rate?.per_minute_micros));
  return (
    <>
      <dl className="facts pad">
        <dt>Calls that come in</dt>
        <dd>{rateWords(card.inbound, currency, decimals)}</dd>
        <dt>{prefixes.length ? "Other numbers" : "Numbers that are dialled"}</dt>
        <dd>{rateWords(card.outbound, currency, decimals)}</dd>
      </dl>
      {prefixes.length > 0 && (
        <Scroll label="Rates of dialled numbers">
          <table className="t">
            <thead>
              <tr>
                <th scope="col">Numbers that begin with</th>
                <th scope="col">Rate</th>
              </tr>
            </thead>
            <tbody>
              {prefixes.map((row) => (
                <tr key={row.prefix}>
                  <td className="tel">{row.prefix}</td>
                  <td className="tel">{rateWords(row, currency, decimals)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </>
  );
}

function RatesForm({ trunk, close }: { trunk: Trunk; close: () => void }) {
  const queries = useQueryClient();
  const own = useMe().account.currency;
  const currency = trunk.rate_card?.currency ?? own;
  const form = useForm({
    start: ratesOf(trunk.rate_card),
    check: ratesProblems,
    send: (values) =>
      take(
        api.PATCH("/api/v1/trunks/{id}", {
          params: { path: { id: trunk.id } },
          body: { rate_card: cardOf(values, currency) },
        }),
      ),
    done: () => {
      void queries.invalidateQueries({ queryKey: ["trunks"] });
      close();
    },
  });
  const { values, set } = form;
  const rows = values.prefixes;
  const change = (at: number, row: PrefixText) =>
    set(
      "prefixes",
      rows.map((before, place) => (place === at ? row : before)),
    );
  return (
    <form className="form pad" onSubmit={form.submit} noValidate>
      <p className="small soft">
        In {currency} for a minute. Steps are seconds: 60/6 counts a minute of every answered leg, then every 6 seconds that are
        begun. An empty price says that nobody knows.
      </p>
      <Rate
        label="Calls that come in"
        rate={values.inbound}
        wrong={form.message("inbound") && rateProblem(values.inbound)}
        set={(rate) => set("inbound", rate)}
      />
      <Rate
        label="Numbers that are dialled, unless they begin as below"
        rate={values.outbound}
        wrong={form.message("outbound") && rateProblem(values.outbound)}
        set={(rate) => set("outbound", rate)}
      />
      {rows.map((row, at) => {
        const wrong = form.message("prefixes") && rowProblem(row);
        const name = `row ${at + 1}`;
        return (
          <div key={at} className="row" style={{ alignItems: "flex-start" }}>
            <TextInput
              aria-label={`First digits, ${name}`}
              placeholder="+1"
              value={row.prefix}
              error={wrong}
              onChange={(event) => change(at, { ...row, prefix: event.currentTarget.value })}
            />
            <TextInput
              aria-label={`Price of a minute, ${name}`}
              placeholder="0.006"
              inputMode="decimal"
              value={row.perMinute}
              onChange={(event) => change(at, { ...row, perMinute: event.currentTarget.value })}
            />
            <TextInput
              aria-label={`Steps, ${name}`}
              placeholder="60/60"
              value={row.steps}
              onChange={(event) => change(at, { ...row, steps: event.currentTarget.value })}
            />
            <ActionIcon
              aria-label={`Remove ${name}`}
              onClick={() =>
                set(
                  "prefixes",
                  rows.filter((_, place) => place !== at),
                )
              }
            >
              <Icon name="close" />
            </ActionIcon>
          </div>
        );
      })}
      <div>
        <Button
          size="xs"
          variant="default"
          disabled={rows.length >= PREFIXES_MAX}
          onClick={() => set("prefixes", [...rows, emptyRow()])}
        >
          Add first digits
        </Button>
      </div>
      {(form.failure || form.message("prefixes")) && (
        <p className="bad" role="alert">
          {form.failure ?? form.message("prefixes")}
        </p>
      )}
      <div className="actions">
        <Button type="submit" variant="filled" loading={form.busy}>
          Save
        </Button>
        <Button variant="subtle" onClick={close}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

type RateProps = { label: string; rate: RateText; wrong: string | undefined; set: (rate: RateText) => void };

function Rate({ label, rate, wrong, set }: RateProps) {
  return (
    <div className="pair">
      <TextInput
        label={label}
        placeholder="not known"
        inputMode="decimal"
        value={rate.perMinute}
        error={wrong}
        onChange={(event) => set({ ...rate, perMinute: event.currentTarget.value })}
      />
      <TextInput
        label="Steps"
        placeholder="60/60"
        value={rate.steps}
        onChange={(event) => set({ ...rate, steps: event.currentTarget.value })}
      />
    </div>
  );
}
