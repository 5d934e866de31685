// The live check of a site: whether the snippet was seen, where, how much it swapped, and whether it is the present version.

import { useQuery } from "@tanstack/react-query";
import type { Schema } from "@trunkline/api-client";
import { api, take } from "../../api/client";
import { host, path, plural } from "../../base/figures";
import { Card } from "../../parts/Card";
import { useNow } from "../../parts/now";
import { Badge, Shape, type Tone } from "../../parts/State";
import { Ago } from "../../parts/When";

type Site = Schema<"Site">;

const POLL_MS = 3_000;
/** Seen longer ago than this, the check says so instead of "fine". */
const STALE_MS = 24 * 60 * 60_000;

/** A site that keeps asking whether its snippet was seen. */
export function useWatchedSite(id: string | undefined) {
  return useQuery({
    queryKey: ["site", id],
    queryFn: () => take(api.GET("/api/v1/sites/{id}", { params: { path: { id: id ?? "" } } })),
    enabled: id !== undefined,
    refetchInterval: POLL_MS,
  });
}

export function LiveCheck({ site }: { site: Site }) {
  const now = useNow(60_000);
  const seen = site.last_seen;
  const rows = checks(site, now);
  return (
    <Card
      title="Live check"
      lined
      right={
        seen ? (
          <Badge tone="ok">
            Seen <Ago at={seen.at} />
          </Badge>
        ) : (
          <Badge tone="off">Waiting</Badge>
        )
      }
    >
      <div className="pad" aria-live="polite">
        {seen ? (
          <>
            <p className="med strong">
              {plural(seen.swaps, "number")} swapped on {path(seen.page)}
            </p>
            <p className="small dim">{host(seen.page) ?? site.hosts[0]}, the last page that reported</p>
            <Sketch path={path(seen.page)} swaps={seen.swaps} />
          </>
        ) : (
          <>
            <p className="med strong">Not seen yet</p>
            <p className="small dim">
              Open{" "}
              {site.hosts[0] ? (
                <a href={`https://${site.hosts[0]}/`} target="_blank" rel="noreferrer">
                  {site.hosts[0]}
                </a>
              ) : (
                "the site"
              )}{" "}
              in a browser once the block is in place. This page notices by itself.
            </p>
          </>
        )}
      </div>
      <ul className="checks">
        {rows.map((row) => (
          <li key={row.name}>
            <Toned tone={row.tone} />
            <span>
              <span className="med">{row.name}</span>
              <span className="small dim block">{row.detail}</span>
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Toned({ tone }: { tone: Tone }) {
  return (
    <span className={tone === "off" ? "dim" : tone} style={{ marginLeft: 4 }}>
      <Shape tone={tone} />
    </span>
  );
}

type Check = { tone: Tone; name: string; detail: string };

/** What the last report says about the installation, the worst things in plain words. */
export function checks(site: Pick<Site, "last_seen" | "config_version">, now: number): Check[] {
  const seen = site.last_seen;
  if (!seen) {
    return [
      { tone: "off", name: "The snippet runs", detail: "no page has reported yet" },
      { tone: "off", name: "Numbers are found and swapped", detail: "known after the first page" },
    ];
  }
  const fresh = now - seen.at < STALE_MS;
  const current = seen.config_version >= site.config_version;
  return [
    fresh
      ? { tone: "ok", name: "The snippet runs", detail: "a page reported within the last day" }
      : {
          tone: "warn",
          name: "The snippet has gone quiet",
          detail: "no page reported for more than a day; look whether it is still in the pages",
        },
    seen.swaps > 0
      ? { tone: "ok", name: "Numbers are found and swapped", detail: `${plural(seen.swaps, "place")} on the last page` }
      : {
          tone: "warn",
          name: "No number was found on the page",
          detail: "look whether the numbers to swap are written as on the page",
        },
    current
      ? { tone: "ok", name: "The pasted block is up to date", detail: `version ${site.config_version}` }
      : {
          tone: "warn",
          name: "The pasted block is an old one",
          detail: `version ${seen.config_version} is on the page, ${site.config_version} is the present one; paste it again`,
        },
  ];
}

/** A sketch of a page with as many numbers outlined as were swapped, up to four. */
function Sketch({ path: where, swaps }: { path: string; swaps: number }) {
  const at = (n: number) => (swaps >= n ? "swapped" : "untouched");
  return (
    <div
      className="sketch"
      role="img"
      aria-label={`Sketch of ${where} with ${plural(swaps, "swapped number")} outlined`}
    >
      <div className="bar">
        <i />
        <i />
        <i />
        <span>{where}</span>
      </div>
      <div className="line">
        <u style={{ width: 64 }} />
        <em className={at(1)} />
      </div>
      <div className="body">
        <span>
          <u style={{ width: 150, height: 9 }} />
          <u style={{ width: 110 }} />
          <em className={`${at(2)} full`} />
        </span>
        <span className="box">
          <u style={{ width: 70 }} />
          <em className={at(3)} />
        </span>
      </div>
      <div className="line foot">
        <em className={at(4)} />
        <u style={{ width: 48 }} />
      </div>
    </div>
  );
}
