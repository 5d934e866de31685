// One feed: its keys, its terms and its caps.

import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { api, take } from "../../api/client";
import { Card } from "../../parts/Card";
import { Confirm } from "../../parts/Confirm";
import { CopyButton } from "../../parts/CopyButton";
import { Empty, Loaded } from "../../parts/Waiting";
import { Ago } from "../../parts/When";
import { Page } from "../../shell/Page";
import { useMay } from "../access/session";
import { CapsCard } from "./CapsCard";
import { GivenBids } from "./GivenBids";
import { KeyShown } from "./KeyShown";
import { PauseSwitch, PutAway, ThingState } from "./parts";
import { at, feedsQuery, useRefresh, type Feed } from "./queries";
import { FeedCard } from "./terms/TermsCard";

export default function FeedPage({ id }: { id: string }) {
  const live = useQuery(feedsQuery());
  const away = useQuery(feedsQuery({ archived: true }));
  const feed = [...(live.data ?? []), ...(away.data ?? [])].find((each) => each.id === id);
  if (live.data && away.data && !feed) {
    return (
      <Page title="No such feed" above={{ name: "Publishers", path: "/publishers" }}>
        <Empty title="There is no such feed here">It belongs to another account, or its address is not complete.</Empty>
      </Page>
    );
  }
  return (
    <Page
      title={feed ? `${feed.campaign_name}` : "Feed"}
      above={feed && { name: feed.publisher_name, path: `/publishers/${feed.publisher}` }}
      beside={
        feed && (
          <span className="small wide-only">
            <ThingState of={feed} byTerms={feed.terms.live?.document.paused} />
          </span>
        )
      }
      actions={
        feed &&
        !feed.archived_at && (
          <PauseSwitch
            what="The feed"
            paused={feed.paused}
            set={(paused) => take(api.PATCH("/api/v1/feeds/{id}", { params: at(feed.id), body: { paused } }))}
          />
        )
      }
    >
      <Loaded query={live} title="The feed did not arrive">
        {() => feed && <Inside feed={feed} />}
      </Loaded>
    </Page>
  );
}

function Inside({ feed }: { feed: Feed }) {
  const [, go] = useLocation();
  const [made, setMade] = useState<Feed | null>(null);
  const [rotating, setRotating] = useState(false);
  const refresh = useRefresh();
  const may = useMay();
  return (
    <>
      {made?.key && <KeyShown feed={made} secret={made.key} />}
      <div className="two-col">
        <div className="stack">
          <FeedCard name={`${feed.publisher_name} for ${feed.campaign_name}`} terms={feed.terms} />
          <GivenBids feed={feed.id} />
        </div>
        <div className="stack">
          <Card
            title="Keys"
            lined
            right={
              may.write &&
              !feed.archived_at && (
                <Button size="xs" onClick={() => setRotating(true)}>
                  New secret key
                </Button>
              )
            }
          >
            <dl className="facts pad">
              <dt>Secret key</dt>
              <dd>
                <code>{feed.key_prefix}…</code>
              </dd>
              <dt>Made</dt>
              <dd>
                <Ago at={feed.key_made_at} />
              </dd>
              <dt>Form key</dt>
              <dd>
                <code className="break">{feed.form_key}</code>
              </dd>
            </dl>
            <div className="pad row wrap card-line">
              <span className="small dim grow">
                Servers send the secret key in <code>Authorization</code>; forms on pages carry the form key, which is no secret.
              </span>
              <CopyButton text={feed.form_key} label="Copy the form key" />
            </div>
          </Card>
          <CapsCard of={{ campaign: feed.campaign }} only={feed.id} nothing="No caps of this feed." />
          <Card
            title="Feed"
            lined
            right={
              <PutAway
                name="the feed"
                archived={Boolean(feed.archived_at)}
                run={(archived) => take(api.POST("/api/v1/feeds/{id}/archive", { params: at(feed.id), body: { archived } }))}
                done={() => go(`/publishers/${feed.publisher}`)}
              >
                Its keys open nothing any more. Numbers and pools that lead to it must lead elsewhere before.
              </PutAway>
            }
          >
            <dl className="facts pad">
              <dt>Publisher</dt>
              <dd>
                <Link href={`/publishers/${feed.publisher}`}>{feed.publisher_name}</Link>
              </dd>
              <dt>Campaign</dt>
              <dd>
                <Link href={`/campaigns/${feed.campaign}`}>{feed.campaign_name}</Link>
              </dd>
              <dt>What came</dt>
              <dd>
                <Link href={`/leads?feed=${feed.id}`}>Its leads</Link>
              </dd>
            </dl>
          </Card>
        </div>
      </div>
      <Confirm
        opened={rotating}
        close={() => setRotating(false)}
        title="Make a new secret key?"
        act="Make a new key"
        run={async () => {
          const next = (await take(api.POST("/api/v1/feeds/{id}/key", { params: at(feed.id) }))) as unknown as Feed;
          setMade(next);
          await refresh();
        }}
      >
        The key that is in use opens nothing from then on: give the publisher the new one at once.
      </Confirm>
    </>
  );
}
