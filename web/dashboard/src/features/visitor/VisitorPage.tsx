// One visit: its timeline, where it came from each time, the numbers it saw, the calls it made.

import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import type { Schema } from "@trunkline/api-client";
import { api, Refused, take } from "../../api/client";
import { host, pageName, path, plural } from "../../base/figures";
import { span } from "../../base/time";
import { Card, Tile } from "../../parts/Card";
import { Empty, Loaded } from "../../parts/Waiting";
import { Ago, At } from "../../parts/When";
import { Page } from "../../shell/Page";
import { CallTable } from "../call/CallTable";
import { Timeline } from "../call/Timeline";
import { sessionMarks } from "./sessionMarks";
import { consentWords, placeWords } from "./words";

type Session = Schema<"SessionDetail">;

const above = { name: "Visitors", path: "/visitors" };
const REFRESH_MS = 10_000;
const callColumns = ["caller", "certainty", "number", "destination", "talk", "status"];

export default function VisitorPage({ id }: { id: string }) {
  const session = useQuery({
    queryKey: ["session", id],
    queryFn: () => take(api.GET("/api/v1/sessions/{id}", { params: { path: { id } } })),
    refetchInterval: REFRESH_MS,
  });
  if (session.error instanceof Refused && session.error.status === 404) {
    return (
      <Page title="No such visit" above={above}>
        <Empty title="There is no such visit here">It was removed after its time, or belongs to another account.</Empty>
      </Page>
    );
  }
  return (
    <Page title={session.data?.visitor_label ?? "Visit"} above={above}>
      <Loaded query={session} title="The visit did not arrive">
        {(data) => <Inside session={data} />}
      </Loaded>
    </Page>
  );
}

function Inside({ session }: { session: Session }) {
  const marks = sessionMarks(session);
  return (
    <>
      <section className="card tiles" aria-label="The visit in figures">
        <Tile
          label="Last seen"
          figure={<Ago at={session.seen_at} />}
          detail={
            <>
              first <At at={session.started_at} />
            </>
          }
        />
        <Tile
          label="Source"
          figure={<span className="figure-words">{session.source.label}</span>}
          detail={session.source.term || session.source.ad_campaign || session.source.channel_label}
        />
        <Tile
          label="Pages"
          figure={session.pages.length}
          detail={session.landing ? `from ${path(session.landing)}` : undefined}
        />
        <Tile
          label="Calls"
          figure={session.calls.length}
          detail={session.taps.length ? plural(session.taps.length, "tap") + " on the number" : "no tap on the number"}
        />
        <Tile
          label="Device"
          figure={<span className="figure-words">{session.device}</span>}
          detail={`consent: ${consentWords(session.consent)}`}
        />
        {(session.state || session.country) && (
          <Tile
            label="Place"
            figure={
              <span className="figure-words">
                {session.state ? placeWords(session.state, session.place) : session.country}
              </span>
            }
            detail="by its network"
          />
        )}
      </section>
      <section className="card" aria-label="Timeline">
        {marks.length ? (
          <Timeline marks={marks} label={`Timeline of the visit: ${marks.map((mark) => mark.title).join(", ")}`} />
        ) : (
          <p className="pad soft">Nothing recorded yet.</p>
        )}
      </section>
      {session.calls.length > 0 && (
        <Card title="Calls" lined>
          <CallTable
            calls={session.calls}
            shown={callColumns}
            address={(call) => `/calls/${call}`}
            state={{ from: `/visitors/${session.id}` }}
          />
        </Card>
      )}
      {session.forms.length > 0 && (
        <Card title="Forms" lined>
          <ul className="rows">
            {session.forms.map((form, i) => (
              <SentForm key={i} form={form} />
            ))}
          </ul>
        </Card>
      )}
      <div className="halves">
        <div className="stack">
          <Card title="Arrivals" lined right={plural(session.touches.length, "touch", "touches")}>
            <ul className="rows">
              {session.touches.map((touch, i) => (
                <Touch key={i} touch={touch} />
              ))}
            </ul>
          </Card>
          <Card title="Numbers it saw" lined>
            {session.showings.length === 0 ? (
              <p className="pad soft">No number was swapped for this visit.</p>
            ) : (
              <ul className="rows">
                {session.showings.map((showing, i) => (
                  <Showing key={i} showing={showing} />
                ))}
              </ul>
            )}
          </Card>
        </div>
        <Card
          title="Pages"
          lined
          right={session.site && <Link href={`/sites/${session.site.id}`}>{session.site.name}</Link>}
        >
          <ul className="rows">
            {session.pages.map((page, i) => (
              <li key={i}>
                <div className="row between">
                  <span className="break" title={page.page}>
                    {pageName(page.page)}
                  </span>
                  <span className="dim small tel">
                    <At at={page.at} />
                  </span>
                </div>
              </li>
            ))}
          </ul>
        </Card>
      </div>
    </>
  );
}

function Touch({ touch }: { touch: Session["touches"][number] }) {
  const source = touch.source;
  const detail = [source.source, source.medium, source.ad_campaign, source.term].filter(Boolean).join(" / ");
  const from = touch.referrer ? host(touch.referrer) : null;
  const clicks = touch.clicks.map((click) => click.name).join(", ");
  return (
    <li>
      <div className="row between">
        <span className="two">
          <span className="med">{source.label}</span>
          <span className="sub break">
            {[detail, from ? `from ${from}` : "", clicks ? `with ${clicks}` : "", `to ${path(touch.page)}`]
              .filter(Boolean)
              .join(", ")}
          </span>
        </span>
        <span className="dim small tel">
          <At at={touch.at} />
        </span>
      </div>
    </li>
  );
}

function Showing({ showing }: { showing: Session["showings"][number] }) {
  return (
    <li>
      <div className="row between">
        <span className="med tel">{showing.number_display}</span>
        <span className="dim small tel">
          {span(showing.to_at - showing.from_at)} on {path(showing.page)}, from <At at={showing.from_at} />
        </span>
      </div>
    </li>
  );
}

function SentForm({ form }: { form: Schema<"SentForm"> }) {
  const details = [form.name, form.email, form.zip].filter(Boolean).join(", ");
  return (
    <li>
      <div className="row between">
        <span className="cut">
          <span className="med tel">{form.phone_display ?? "No phone number"}</span> <span className="soft">{details}</span>
        </span>
        <span className="soft">
          <At at={form.at} />
        </span>
      </div>
      <div className="small soft cut">
        on {path(form.page)}
        {form.consent ? `, agreed: ${form.consent}` : ""}
      </div>
    </li>
  );
}
