// What the server's own test of the site found last: a visit, a call, and whether the call was credited right.

import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { api, take } from "../../api/client";
import { Card } from "../../parts/Card";
import { Icon } from "../../parts/Icon";
import { At } from "../../parts/When";

const REFRESH_MS = 60_000;

/** Nothing until a test has run: it is the operator who turns it on. */
export function CheckCard({ site }: { site: string }) {
  const check = useQuery({
    queryKey: ["check", site],
    queryFn: () => take(api.GET("/api/v1/sites/{id}/check", { params: { path: { id: site } } })),
    refetchInterval: REFRESH_MS,
  });
  const last = check.data?.last;
  if (!last) return null;
  return (
    <Card title="Test call" lined right={<At at={last.at} />}>
      <div className="pad stack close">
        <p className="row med">
          <Icon name={last.right ? "check" : "warn"} size={16} />
          {last.right ? "The last test call was credited right." : "The last test call went wrong."}
        </p>
        <p className="small soft break">
          {last.wrong
            ? `${sentence(last.wrong)}.`
            : "A visit was shown a number, the number was called, and the call was credited to that visit and its source."}{" "}
          {!last.wrong && last.page && `The site's block is on ${last.page}. `}
          {last.call && <Link href={`/calls/${last.call}`}>Open the call</Link>}
        </p>
      </div>
    </Card>
  );
}

const sentence = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);
