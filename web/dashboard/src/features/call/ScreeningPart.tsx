// Settings of screening: how many calls were stopped, the rules they are stopped by, and the two lists of callers.

import { useQuery } from "@tanstack/react-query";
import { api, take } from "../../api/client";
import { count } from "../../base/figures";
import { Card, Tile } from "../../parts/Card";
import { Loaded } from "../../parts/Waiting";
import { CallerLists } from "./CallerLists";
import { ScreeningForm } from "./ScreeningForm";
import { screeningKey, type Screening } from "./screening";

export function ScreeningPart() {
  const screening = useQuery({
    queryKey: screeningKey,
    queryFn: () => take(api.GET("/api/v1/screening")),
    refetchOnWindowFocus: false,
  });
  return (
    <Loaded query={screening} title="Screening did not arrive">
      {(data) => (
        <div className="stack">
          <Stopped stopped={data.stopped} />
          <CallerLists screening={data} />
          <ScreeningForm screening={data} />
        </div>
      )}
    </Loaded>
  );
}

function Stopped({ stopped }: { stopped: Screening["stopped"] }) {
  const passed = stopped.challenged - stopped.challenge_failed;
  return (
    <Card label={`Stopped calls of the last ${stopped.days} days`}>
      <div className="tiles">
        <Tile label="Refused" figure={count(stopped.refused)} detail={`in the last ${stopped.days} days`} />
        <Tile label="Asked for a key" figure={count(stopped.challenged)} detail={`${count(passed)} went on`} />
        <Tile
          label="Blocked in all"
          figure={count(stopped.refused + stopped.challenge_failed)}
          detail="cost nothing, in no report"
        />
      </div>
    </Card>
  );
}
