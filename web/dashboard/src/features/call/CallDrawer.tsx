// One call over the log: timeline first, then who called and from where, the sound, and the plain facts.

import { ActionIcon, Drawer } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { api, Refused, take } from "../../api/client";
import { Icon } from "../../parts/Icon";
import { Badge } from "../../parts/State";
import { Empty, Loaded } from "../../parts/Waiting";
import { At } from "../../parts/When";
import { Candidates } from "../attribution/Candidates";
import { WhoIsThisCard } from "../attribution/WhoIsThis";
import { Attempts, CallFacts, SourceFacts } from "./CallFacts";
import { CallMoney } from "./CallMoney";
import { CallMenu } from "./CallMenu";
import { CallBadge } from "./columns";
import { Player } from "./Player";
import { RecordingSwitch } from "./RecordingSwitch";
import { ScreeningCard } from "./ScreeningCard";
import { CallTrace } from "../routing/CallTrace";
import { scrim } from "../../theme/theme";
import { Timeline } from "./Timeline";
import { callerWords, reviewWords, sourceDetail, type CallDetail } from "./words";

type CallDrawerProps = {
  id: string | undefined;
  /** The ids of the list below, for previous and next. */
  among: string[];
  address: (id: string) => string;
  closed: string;
};

export function CallDrawer({ id, among, address, closed }: CallDrawerProps) {
  const [, go] = useLocation();
  const query = useQuery({
    queryKey: ["call", id],
    queryFn: () => take(api.GET("/api/v1/calls/{id}", { params: { path: { id: id ?? "" } } })),
    enabled: id !== undefined,
    placeholderData: keepPreviousData,
    retry: (failures, error) => !(error instanceof Refused && error.status === 404) && failures < 2,
  });
  const at = id === undefined ? -1 : among.indexOf(id);
  const previous = at > 0 ? among[at - 1] : undefined;
  const next = at >= 0 ? among[at + 1] : undefined;
  const step = (to: string | undefined) => to && go(address(to), { replace: true, state: history.state });
  const close = () => go((history.state as { from?: string } | null)?.from ?? closed);
  useHotkeys([
    ["j", () => step(next)],
    ["k", () => step(previous)],
  ]);

  const missing = query.error instanceof Refused && query.error.status === 404;
  const call = query.data?.id === id ? query.data : undefined;
  return (
    <Drawer.Root
      opened={id !== undefined}
      onClose={close}
      position="right"
      size={880}
      transitionProps={{ duration: 160 }}
    >
      <Drawer.Overlay {...scrim} />
      <Drawer.Content aria-label={call ? `Call of ${call.caller_display}` : "Call"}>
        <div className="drawer-head">
          <div className="row">
            <h2 className="tel" tabIndex={-1} data-autofocus>
              {call?.caller_display ?? "Call"}
            </h2>
            {call && <CallBadge call={call} />}
            {call?.ambiguous && (
              <span className="wide-only">
                <Badge tone="warn">Ambiguous</Badge>
              </span>
            )}
            <span className="grow" />
            {call && <CallMenu key={call.id} call={call} />}
            <ActionIcon
              aria-label="Previous call"
              title="Previous call (K)"
              disabled={!previous}
              onClick={() => step(previous)}
            >
              <Icon name="up" />
            </ActionIcon>
            <ActionIcon aria-label="Next call" title="Next call (J)" disabled={!next} onClick={() => step(next)}>
              <Icon name="down" />
            </ActionIcon>
            <ActionIcon aria-label="Close" title="Close (Esc)" onClick={close}>
              <Icon name="close" />
            </ActionIcon>
          </div>
          {call && <Subtitle call={call} />}
        </div>
        <div className="drawer-in" aria-busy={query.isFetching}>
          {missing ? (
            <Empty title="There is no such call here">
              It belongs to another account, or its address is not complete.
            </Empty>
          ) : (
            <Loaded query={query} title="The call did not arrive">
              {(shown) => <Inside call={shown} />}
            </Loaded>
          )}
        </div>
      </Drawer.Content>
    </Drawer.Root>
  );
}

function Subtitle({ call }: { call: CallDetail }) {
  const person = callerWords(call);
  const detail = sourceDetail(call);
  return (
    <div className="row soft" style={{ gap: 16 }}>
      {person && <span className="cut">{person}</span>}
      <span className="wide-only cut">
        {call.source?.label ?? (call.result === "blocked" ? "Credited to no source" : "Source unknown")}
        {detail ? `, ${detail}` : ""}
      </span>
      <span className="wide-only cut tel">
        {call.number.number_display}
        {call.answered_at && call.destination_display ? ` to ${call.destination_display}` : ""}
      </span>
      <span className="dim tel">
        <At at={call.started_at} />
      </span>
    </div>
  );
}

function Inside({ call }: { call: CallDetail }) {
  return (
    <>
      {call.review && (
        <div className="note warn" role="note">
          <Icon name="warn" />
          <div className="grow">
            <div className="med">Please look at this call</div>
            <div className="small soft">
              {reviewWords}. Ring back if the matter was left open.
            </div>
          </div>
        </div>
      )}
      {call.state !== "ended" && (
        <div className="alone">
          <RecordingSwitch call={call} />
        </div>
      )}
      <section className="card" aria-label="Timeline">
        <Timeline
          marks={call.timeline}
          label={`Timeline of the call: ${call.timeline.map((mark) => mark.title).join(", ")}`}
        />
      </section>
      <div className="halves">
        <div className="stack close">
          <Player key={call.id} call={call} />
          {/* A blocked call is credited to nobody, whoever it was. */}
          {call.result !== "blocked" && (
            <WhoIsThisCard call={call.id} state={call.state} kind={call.number.kind} />
          )}
          <Candidates key={call.id} call={call} />
        </div>
        <div className="stack close">
          <ScreeningCard call={call} />
          <CallTrace call={call.id} />
          <Attempts call={call} />
          <CallMoney call={call} />
          <SourceFacts call={call} />
        </div>
      </div>
      <CallFacts call={call} />
    </>
  );
}
