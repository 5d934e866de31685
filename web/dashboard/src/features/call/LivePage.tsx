// Live: the day in figures, calls in progress as they ring, and those that just ended.

import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { countsQuery } from "../../api/lists";
import { count, percent } from "../../base/figures";
import { Card, Tile } from "../../parts/Card";
import { Icon } from "../../parts/Icon";
import { Badge, StateWord } from "../../parts/State";
import { Empty, Lines } from "../../parts/Waiting";
import { Elapsed } from "../../parts/When";
import { Page } from "../../shell/Page";
import { WhoIsThis } from "../attribution/WhoIsThis";
import { Alarms } from "./Alarms";
import { CallTable } from "./CallTable";
import { useLive } from "./live";
import { RecordingSwitch } from "./RecordingSwitch";
import { LiveLine } from "./Timeline";
import { useNow } from "../../parts/now";
import { doing, inFlow, sourceDetail, sourceName, type CallSummary } from "./words";

const JUST_ENDED = 12;
/** Calls that ask "Who is this?" in place; the others ask when they are opened. */
const ASKED_MAX = 6;
const recentColumns = ["caller", "source", "certainty", "site", "destination", "ring", "talk", "status"];
const fromLive = { from: "/live" };

export default function LivePage() {
  const live = useLive();
  return (
    <Page title="Live">
      {live.status === "lost" && <Lost />}
      <Alarms />
      <Figures calls={live.calls} known={live.known} />
      <Card
        lined
        title={
          <span className="row">
            Calls in progress {live.calls.length > 0 && <Badge tone="live">{live.calls.length} now</Badge>}
          </span>
        }
        right={<StreamState status={live.status} />}
      >
        {!live.known ? (
          <Lines rows={3} />
        ) : live.calls.length === 0 ? (
          <Quiet ever={live.recent.length > 0} />
        ) : (
          <ul className="livegrid">
            {live.calls.map((call, i) => (
              <LiveCall key={call.id} call={call} asks={i < ASKED_MAX} />
            ))}
          </ul>
        )}
      </Card>
      {live.recent.length > 0 && (
        <Card title="Just ended" lined right={<Link href="/calls">All calls</Link>}>
          <CallTable
            calls={live.recent.slice(0, JUST_ENDED)}
            shown={recentColumns}
            address={(id) => `/calls/${id}`}
            state={fromLive}
            arrived={live.fresh}
          />
        </Card>
      )}
    </Page>
  );
}

function Figures({ calls, known }: { calls: CallSummary[]; known: boolean }) {
  const counts = useQuery(countsQuery());
  const data = counts.data;
  return (
    <section className="card tiles" aria-label="Calls today">
      <Tile
        label="In progress"
        figure={known ? count(calls.length) : "…"}
        detail={known ? parts(calls) : "asking"}
      />
      <Tile
        label="Calls today"
        figure={data ? count(data.today) : "…"}
        detail={data ? (data.all > data.today ? `${count(data.all)} in all` : "all there are so far") : "asking"}
      />
      <Tile
        label="Missed today"
        figure={data ? count(data.missed_today) : "…"}
        detail={
          data ? (
            data.missed_today > 0 ? (
              <Link href="/calls?time=today&missed=1">See which</Link>
            ) : (
              "none so far"
            )
          ) : (
            "asking"
          )
        }
      />
      <Tile
        label="Ambiguous today"
        figure={data ? count(data.ambiguous_today) : "…"}
        detail={
          data ? (
            data.ambiguous_today > 0 ? (
              <Link href="/calls?time=today&ambiguous=1">No visit above one half</Link>
            ) : (
              "none so far"
            )
          ) : (
            "asking"
          )
        }
      />
    </section>
  );
}

/** "2 ringing, 3 talking, 1 in the flow" */
function parts(calls: CallSummary[]): string {
  const flow = calls.filter(inFlow).length;
  const ringing = calls.filter((call) => call.state === "ringing" && !inFlow(call)).length;
  const words = `${count(ringing)} ringing, ${count(calls.length - ringing - flow)} talking`;
  return flow ? `${words}, ${count(flow)} in the flow` : words;
}

function LiveCall({ call, asks }: { call: CallSummary; asks: boolean }) {
  const now = useNow();
  const talked = call.answered_at ? Math.max(0, (now - call.answered_at) / 1_000) : 0;
  const detail = sourceDetail(call);
  return (
    <li className="lc">
      <Link href={`/calls/${call.id}`} state={fromLive} aria-label={`Open the call of ${call.caller_display}`}>
        <span className="row between">
          <span className="med tel">{call.caller_display}</span>
          <span className="soft">
            <Elapsed from={call.answered_at ?? call.started_at} />
          </span>
        </span>
        <span className="small soft cut block">
          {sourceName(call.source)}
          {detail ? `, ${detail}` : ""}
        </span>
        <LiveLine state={call.state} rings={!inFlow(call)} talked={talked} />
        <span className="row between small">
          <span className="cut" title={doing(call)}>
            {doing(call)}
          </span>
          {call.probability != null &&
            (call.ambiguous ? (
              <StateWord tone="warn">
                <span title="Ambiguous">{percent(call.probability)}</span>
              </StateWord>
            ) : (
              <span className="dim">{percent(call.probability)}</span>
            ))}
        </span>
        <span className="small dim cut block">{call.site?.name ?? call.number.number_display}</span>
      </Link>
      <RecordingSwitch call={call} />
      {asks && call.number.kind !== "static" && <WhoIsThis call={call.id} />}
    </li>
  );
}

function StreamState({ status }: { status: "connecting" | "open" | "lost" }) {
  if (status === "open")
    return (
      <StateWord tone="ok">
        <span className="soft">up to the second</span>
      </StateWord>
    );
  return (
    <StateWord tone={status === "lost" ? "warn" : "off"}>{status === "lost" ? "reconnecting" : "connecting"}</StateWord>
  );
}

function Lost() {
  return (
    <div className="note warn" role="status">
      <Icon name="warn" />
      <div className="grow">
        <div className="med">The live line to the server is broken</div>
        <div className="small soft">
          What you see is the last that arrived. It reconnects by itself; calls go on meanwhile.
        </div>
      </div>
    </div>
  );
}

function Quiet({ ever }: { ever: boolean }) {
  return (
    <Empty
      title={ever ? "Nobody is calling right now" : "No calls yet"}
      action={
        ever ? undefined : (
          <Button variant="filled" component={Link} href="/setup">
            Set up a site and a number
          </Button>
        )
      }
    >
      {ever
        ? "The next call shows up here the moment it rings."
        : "Calls show up here the moment they ring. First a site needs the snippet, and a number needs a trunk."}
    </Empty>
  );
}
