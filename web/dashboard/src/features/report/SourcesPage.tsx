// Sources: how many calls each source made, as expected values with an interval, beside the calls credited to it.

import { Button, SegmentedControl, Select } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { api, take } from "../../api/client";
import { sitesQuery } from "../../api/lists";
import { count } from "../../base/figures";
import { startOfDay } from "../../base/time";
import { Card } from "../../parts/Card";
import { Icon } from "../../parts/Icon";
import { useNow } from "../../parts/now";
import { Scroll } from "../../parts/Scroll";
import { Empty, Loaded } from "../../parts/Waiting";
import { Page } from "../../shell/Page";
import { useZone } from "../access/session";
import { bars, calls, interval, minutes, models, periods, qualified, remark, type Bar, type SourceReport, type SourceRow } from "./sources";

export default function SourcesPage() {
  const zone = useZone();
  const minute = useNow(60_000);
  const sites = useQuery(sitesQuery());
  const [site, setSite] = useState<string | null>(null);
  const [period, setPeriod] = useState("30");
  const [model, setModel] = useState("last");
  const days = periods.find((each) => each.value === period)?.days ?? 30;
  const asked = { from: startOfDay(minute, zone, days - 1), site: site ?? undefined, model };
  const report = useQuery({
    queryKey: ["calls", "sources", asked],
    // A report that nobody waits for any more is not finished.
    queryFn: ({ signal }) => take(api.GET("/api/v1/reports/sources", { params: { query: asked }, signal })),
    placeholderData: keepPreviousData,
  });
  const file = new URLSearchParams({ from: String(asked.from), model, ...(site ? { site } : {}) });
  return (
    <Page
      title="Sources"
      actions={
        <Button
          size="xs"
          component="a"
          href={`/api/v1/reports/sources.csv?${file}`}
          leftSection={<Icon name="download" size={14} />}
        >
          CSV
        </Button>
      }
    >
      <div className="row wrap">
        <SegmentedControl
          aria-label="Period"
          value={period}
          onChange={setPeriod}
          data={periods.map(({ value, label }) => ({ value, label }))}
        />
        <Select
          aria-label="Site"
          placeholder="All sites"
          clearable
          data={sites.data?.map((each) => ({ value: each.id, label: each.name })) ?? []}
          value={site}
          onChange={setSite}
        />
        <Select
          aria-label="How a call is shared among the arrivals of a visit"
          allowDeselect={false}
          data={models}
          value={model}
          onChange={(chosen) => setModel(chosen ?? "last")}
        />
      </div>
      {remark(model) && <p className="small soft">{remark(model)}</p>}
      <Card title="Calls by source" lined right={<span className="wide-only">expected, with the range that holds 19 times in 20</span>}>
        <div aria-busy={report.isFetching}>
          <Loaded query={report} rows={8} title="The report did not arrive">
            {(data) => (data.sources.length === 0 ? <Nothing filtered={site !== null} /> : <Rows report={data} />)}
          </Loaded>
        </div>
      </Card>
      <p className="small dim">
        A call counts for each source by the share with which it came from there, so doubtful calls are not given to one
        source alone. “Credited” is the plain count by the likeliest visit.{" "}
        {report.data && qualified(report.data.qualified_seconds)} The length is set in{" "}
        <Link href="/settings">Settings</Link>.
      </p>
    </Page>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  return (
    <Empty
      title="No calls in this time"
      action={
        filtered ? undefined : (
          <Button variant="filled" component={Link} href="/setup">
            Set up a site and a number
          </Button>
        )
      }
    >
      {filtered ? "Choose a longer time or all sites." : "Once calls have ended, their sources are added up here."}
    </Empty>
  );
}

function Rows({ report }: { report: SourceReport }) {
  const widths = bars(report.sources);
  return (
    <Scroll>
      <table className="t sources">
        <thead>
          <tr>
            <th scope="col">Source</th>
            <th scope="col">Calls expected</th>
            <th scope="col" className="num">
              Range
            </th>
            <th scope="col" className="num">
              Credited
            </th>
            <th scope="col" className="num">
              Answered
            </th>
            <th scope="col" className="num">
              Qualified
            </th>
            <th scope="col" className="num">
              Talk min
            </th>
          </tr>
        </thead>
        <tbody>
          {report.sources.map((row, i) => (
            <Line key={`${row.channel} ${row.source}`} row={row} bar={widths[i]} />
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">All calls</th>
            <td>
              <span className="n">{calls(report.total.expected)}</span>
            </td>
            <td />
            <td className="num">{count(report.total.credited)}</td>
            <td className="num">{count(report.total.answered)}</td>
            <td className="num">{count(report.total.qualified)}</td>
            <td className="num">{minutes(report.total.talk_seconds)}</td>
          </tr>
        </tfoot>
      </table>
    </Scroll>
  );
}

function Line({ row, bar }: { row: SourceRow; bar: Bar | undefined }) {
  const query = new URLSearchParams({ channel: row.channel ?? "", source: row.source ?? "" });
  return (
    <tr>
      <td>
        {row.source == null ? (
          <span className="soft">{row.label}</span>
        ) : (
          <Link className="med" href={`/calls?${query}`}>
            {row.label}
          </Link>
        )}{" "}
        {row.channel_label !== row.label && <span className="dim small wide-only">{row.channel_label}</span>}
      </td>
      <td>
        <span className="expected">
          <span className="n">{calls(row.expected)}</span>
          <span className="track" aria-hidden="true">
            <i className={row.source == null ? "fill none" : "fill"} style={{ width: `${bar?.width ?? 0}%` }} />
            {bar && interval(row.low, row.high) && (
              <i className="range" style={{ left: `${bar.low}%`, width: `${bar.high - bar.low}%` }} />
            )}
          </span>
        </span>
      </td>
      <td className="num dim">{interval(row.low, row.high)}</td>
      <td className="num">{count(row.credited)}</td>
      <td className="num">{count(row.answered)}</td>
      <td className="num">{count(row.qualified)}</td>
      <td className="num">{minutes(row.talk_seconds)}</td>
    </tr>
  );
}
