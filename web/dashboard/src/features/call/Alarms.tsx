// What the owner should look at: destinations that toll rules refused in the last 24 hours.

import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { api, take } from "../../api/client";
import { count } from "../../base/figures";
import { Icon } from "../../parts/Icon";
import { Ago } from "../../parts/When";

const fromLive = { from: "/live" };

export function Alarms() {
  const alarms = useQuery({
    // Asked for again with every call that moves, like the counts.
    queryKey: ["calls", "alarms"],
    queryFn: async () => (await take(api.GET("/api/v1/alarms"))).items,
  });
  return alarms.data?.map((alarm) => (
    <div key={alarm.rule} className="note warn" role="alert">
      <Icon name="warn" />
      <div className="grow">
        <div className="med">
          {alarm.calls === 1 ? "A destination was refused" : `Destinations of ${count(alarm.calls)} calls were refused`}
        </div>
        <div className="soft">{alarm.message}</div>
      </div>
      <Link href={`/calls/${alarm.last_call}`} state={fromLive}>
        The last one, <Ago at={alarm.last_at} />
      </Link>
    </div>
  ));
}
