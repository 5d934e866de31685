// What if: the same opportunity against the plan of today, beside what was decided then. Nothing is changed by it.

import { Button, SegmentedControl } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { Schema } from "@trunkline/api-client";
import { api, take, words } from "../../api/client";
import { plural } from "../../base/figures";
import { Card } from "../../parts/Card";
import { StateWord, type Tone } from "../../parts/State";
import { useMay } from "../access/session";
import { at } from "./queries";
import { Trace } from "./Trace";
import { shortReason } from "./words";

type Answer = Schema<"WhatIf">;
type Side = Schema<"WhatIfSide">;

const hows: Record<string, { tone: Tone; word: string }> = {
  more: { tone: "ok", word: "could take it now" },
  less: { tone: "warn", word: "could not take it any more" },
  sooner: { tone: "off", word: "would be asked sooner" },
  later: { tone: "off", word: "would be asked later" },
  other: { tone: "off", word: "another rule or price" },
};

export function WhatIf({ id, currency }: { id: string; currency: string }) {
  const may = useMay();
  const [when, setWhen] = useState<"then" | "now">("then");
  const asking = useMutation({
    mutationFn: (moment: "then" | "now") =>
      take(api.POST("/api/v1/opportunities/{id}/what-if", { params: at(id), body: { at: moment } })),
  });
  if (!may.write) return null;
  return (
    <Card title="What if it came to today's plan?" lined>
      <div className="pad stack close">
        <p className="soft small">
          It is planned again with the terms of today. Nothing is reserved, dialled or changed.
        </p>
        <div className="row wrap">
          <SegmentedControl
            aria-label="At which moment"
            value={when}
            data={[
              { value: "then", label: "When it came, all caps free" },
              { value: "now", label: "As if it came now" },
            ]}
            onChange={(next) => setWhen(next as "then" | "now")}
          />
          <Button size="xs" loading={asking.isPending} onClick={() => asking.mutate(when)}>
            Plan it again
          </Button>
        </div>
        {asking.isError && (
          <p className="bad" role="alert">
            {words(asking.error)}
          </p>
        )}
      </div>
      {asking.data && <Difference answer={asking.data} currency={currency} />}
    </Card>
  );
}

/** Who would be asked first, in words. */
export function firstWords(side: Side): string {
  const [first] = side.planned;
  if (!first) return side.told || (side.reason ? shortReason(side.reason.code) : "nobody");
  const names = first.contracts.map((contract) => contract.name);
  if (first.how === "one") return names[0] ?? "nobody";
  return `${first.how === "auction" ? "an auction" : "all at once"}: ${names.join(", ")}`;
}

function Difference({ answer, currency }: { answer: Answer; currency: string }) {
  const { before, today, changed } = answer;
  return (
    <div role="status" aria-label="The difference">
      <dl className="versus">
        <div>
          <dt>Asked first then</dt>
          <dd className="med">{firstWords(before)}</dd>
          <dd className="small dim">
            plan version {before.plan_version ?? "none"}, {plural(before.planned.length, "attempt")}
          </dd>
        </div>
        <div>
          <dt>Asked first today</dt>
          <dd className="med">{firstWords(today)}</dd>
          <dd className="small dim">
            plan version {today.plan_version ?? "none"}, {plural(today.planned.length, "attempt")}
          </dd>
        </div>
      </dl>
      {changed.length === 0 && today.trace.length > 0 ? (
        <p className="pad soft">The same would become of every contract.</p>
      ) : (
        <ul className="rows">
          {changed.map((change) => {
            const how = hows[change.how] ?? { tone: "off" as const, word: change.how };
            return (
              <li key={change.contract.id}>
                <div className="row between">
                  <span className="med cut">{change.contract.name}</span>
                  <span className="small">
                    <StateWord tone={how.tone}>{how.word}</StateWord>
                  </span>
                </div>
              </li>
            );
          })}
        </ul>
      )}
      {today.trace.length > 0 && (
        <div className="nested">
          <Trace title="Today" lines={today.trace} currency={currency} />
        </div>
      )}
    </div>
  );
}
