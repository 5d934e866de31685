// The columns of the call log: what each shows and which are there by default.

import type { ReactNode } from "react";
import { minutesSeconds } from "../../base/time";
import { Badge, Certainty } from "../../parts/State";
import { Elapsed } from "../../parts/When";
import { callStatus, reviewWords, sourceDetail, sourceName, type CallSummary } from "./words";

export type Column = {
  id: string;
  label: string;
  figures?: boolean;
  /** Waits in the column chooser until somebody wants it. */
  extra?: boolean;
  cell: (call: CallSummary) => ReactNode;
};

const none = <span className="dim">—</span>;

export const columns: Column[] = [
  { id: "caller", label: "Caller", cell: (call) => <span className="tel med">{call.caller_display}</span> },
  { id: "source", label: "Source", cell: (call) => <SourceCell call={call} /> },
  {
    id: "certainty",
    label: "Certainty",
    cell: (call) =>
      call.confirmed ? (
        <span className="soft">{call.session ? "Confirmed" : "No visit, confirmed"}</span>
      ) : call.source && call.probability == null ? (
        <span className="soft" title="Everybody sees this number, so it tells the source but no visit">
          By the number
        </span>
      ) : (
        <Certainty share={call.probability} ambiguous={call.ambiguous} />
      ),
  },
  { id: "site", label: "Site", cell: (call) => (call.site ? <span className="soft cut name-cell">{call.site.name}</span> : none) },
  { id: "channel", label: "Channel", extra: true, cell: (call) => call.source?.channel_label ?? none },
  { id: "campaign", label: "Campaign", extra: true, cell: (call) => call.source?.ad_campaign || none },
  {
    id: "number",
    label: "Number dialled",
    extra: true,
    cell: (call) => <span className="tel soft">{call.number.number_display}</span>,
  },
  {
    id: "destination",
    label: "Connected to",
    // A line that only rang is no connection.
    cell: (call) =>
      call.answered_at && call.destination_display ? (
        <span className="name-cell cut tel" title={call.destination_display}>
          {call.destination_display}
        </span>
      ) : (
        none
      ),
  },
  { id: "first", label: "First time", extra: true, cell: (call) => (call.result === "blocked" ? none : call.first_time ? "First call" : "Called before") },
  { id: "recorded", label: "Recording", extra: true, cell: (call) => (call.recorded ? "Yes" : none) },
  {
    id: "ring",
    label: "Ring",
    figures: true,
    cell: (call) => <RingTime call={call} />,
  },
  { id: "talk", label: "Talk", figures: true, cell: (call) => <TalkTime call={call} /> },
  { id: "status", label: "Status", cell: (call) => <CallBadge call={call} /> },
];

export const defaultColumns = columns.filter((column) => !column.extra).map((column) => column.id);

export function SourceCell({ call }: { call: CallSummary }) {
  const detail = sourceDetail(call);
  return (
    <span className="pair-cell" style={{ display: "inline-block", verticalAlign: "bottom" }}>
      {sourceName(call.source)} {detail && <span className="dim">{detail}</span>}
    </span>
  );
}

/** From the dial of the line that answered, or of the last one; nothing where nobody was rung. */
function RingTime({ call }: { call: CallSummary }) {
  if (call.ring_seconds != null) return <>{minutesSeconds(call.ring_seconds)}</>;
  return call.state === "ringing" && call.dialled_at != null ? <Elapsed from={call.dialled_at} /> : none;
}

export function TalkTime({ call }: { call: CallSummary }) {
  if (call.state === "talking" && call.answered_at) return <Elapsed from={call.answered_at} />;
  return call.answered_at ? <>{minutesSeconds(call.talk_seconds)}</> : none;
}

export function CallBadge({ call }: { call: CallSummary }) {
  const status = callStatus(call);
  return (
    <span className="row tight" style={{ display: "inline-flex" }}>
      <Badge tone={status.tone}>{status.word}</Badge>
      {call.review && (
        <span title={reviewWords}>
          <Badge tone="warn">Review</Badge>
        </span>
      )}
    </span>
  );
}
