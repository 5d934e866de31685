// Takes a table of leads in: the file is looked at first, row by row, and nothing is kept until a person says so.

import { Button, Checkbox, FileInput, Select } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { words } from "../../api/client";
import { bytes, count, plural } from "../../base/figures";
import { Scroll } from "../../parts/Scroll";
import { StateWord } from "../../parts/State";
import type { Feed } from "../routing/queries";
import { importLeads, type Imported } from "./importLeads";
import { useLeadsRefresh } from "./Legs";
import { fieldName, rowFate, rowTold } from "./words";

/** Rows that are shown; who has more wrong ones has one thing wrong. */
const ROWS_SHOWN = 100;

export function ImportTable({ feeds, close }: { feeds: Feed[]; close: () => void }) {
  const refresh = useLeadsRefresh();
  const [feed, setFeed] = useState<string | null>(feeds.length === 1 ? (feeds[0]?.id ?? null) : null);
  const [file, setFile] = useState<File | null>(null);
  const [test, setTest] = useState(false);
  const [looked, setLooked] = useState<Imported | null>(null);
  const sending = useMutation({
    mutationFn: (dry: boolean) => importLeads(feed ?? "", file as File, { dry, test }),
    onSuccess: async (answer) => {
      setLooked(answer);
      if (!answer.dry_run) await refresh();
    },
  });
  /** Another file or feed is another table: what was said of the last one is forgotten. */
  const anew = <T,>(set: (value: T) => void) => {
    return (value: T) => {
      set(value);
      setLooked(null);
      sending.reset();
    };
  };
  const done = looked !== null && !looked.dry_run;
  const live = feeds.filter((each) => !each.archived_at);
  return (
    <div className="form">
      {!done && (
        <>
          <div className="pair">
            <Select
              label="As leads of"
              placeholder="Choose a feed"
              data={live.map((each) => ({ value: each.id, label: `${each.publisher_name}, ${each.campaign_name}` }))}
              value={feed}
              allowDeselect={false}
              searchable={live.length > 8}
              onChange={anew(setFeed)}
            />
            <FileInput
              label="CSV file"
              placeholder="Choose a file"
              accept=".csv,text/csv"
              clearable
              clearButtonProps={{ "aria-label": "Take the file out" }}
              value={file}
              onChange={anew(setFile)}
            />
          </div>
          <p className="small dim">
            The first row names the columns, in any spelling. At most 10,000 rows and 16 MB
            {file ? `; this one has ${bytes(file.size)}` : ""}. The same row of the same feed is one lead, however often it is sent.
          </p>
          <Checkbox
            label="Every row is a test"
            description="Tests never reach buyers, money or caps."
            checked={test}
            onChange={(event) => anew(setTest)(event.currentTarget.checked)}
          />
        </>
      )}
      {looked && <Report of={looked} />}
      {sending.isError && (
        <p className="bad" role="alert">
          {words(sending.error)}
        </p>
      )}
      <div className="actions">
        {done ? (
          <Button variant="filled" onClick={close}>
            Done
          </Button>
        ) : looked && looked.leads > 0 ? (
          <Button variant="filled" loading={sending.isPending} onClick={() => sending.mutate(false)}>
            Take {plural(looked.leads, "lead")} in
          </Button>
        ) : (
          <Button
            variant="filled"
            disabled={!feed || !file || looked !== null}
            loading={sending.isPending}
            onClick={() => sending.mutate(true)}
          >
            Look at it first
          </Button>
        )}
        {!done && (
          <Button variant="subtle" onClick={close}>
            Cancel
          </Button>
        )}
      </div>
    </div>
  );
}

function Report({ of }: { of: Imported }) {
  const figures: [string, number][] = [
    [of.dry_run ? "would be leads" : "taken in", of.leads],
    ["refused", of.refused],
    ["same person", of.same],
    ["cannot be read", of.unreadable],
  ];
  // What needs a look stands first.
  const order = (fate: string) => (["good", "kept", "known"].includes(fate) ? 1 : 0);
  const rows = [...of.rows].sort((a, b) => order(a.fate) - order(b.fate) || a.row - b.row);
  const read = of.columns.filter((name): name is string => name != null);
  return (
    <div className="stack close" role="status" aria-label={of.dry_run ? "What would become of it" : "What became of it"}>
      <div className="card tiles">
        {figures.map(([label, figure]) => (
          <div key={label} className="tile">
            <span className="k">{label}</span>
            <span className="v">{count(figure)}</span>
          </div>
        ))}
      </div>
      <p className="small soft">
        {read.length ? `Read: ${read.map(fieldName).join(", ")}.` : "No column was recognised."}
        {read.length < of.columns.length ? ` ${plural(of.columns.length - read.length, "column")} left out.` : ""}
      </p>
      {rows.length > 0 && (
        <Scroll className="card import-rows" label="Rows of the table">
          <table className="t">
            <thead>
              <tr>
                <th scope="col" className="num">
                  Row
                </th>
                <th scope="col">What becomes of it</th>
                <th scope="col">Why</th>
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, ROWS_SHOWN).map((row) => {
                const { tone, word } = rowFate(row);
                return (
                  <tr key={row.row}>
                    <td className="num">{count(row.row)}</td>
                    <td>
                      <StateWord tone={tone}>{word}</StateWord>
                    </td>
                    <td className="wrap">
                      {row.lead ? <Link href={`/leads/${row.lead}`}>Open the lead</Link> : rowTold(row) || <span className="dim">—</span>}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </Scroll>
      )}
      {rows.length > ROWS_SHOWN && <p className="small dim">And {count(rows.length - ROWS_SHOWN)} more.</p>}
    </div>
  );
}
