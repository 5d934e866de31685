// One publisher: its feeds with their keys.

import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { api, take } from "../../api/client";
import { Card } from "../../parts/Card";
import { Icon } from "../../parts/Icon";
import { Empty, Loaded } from "../../parts/Waiting";
import { Ago } from "../../parts/When";
import { Page } from "../../shell/Page";
import { useMay } from "../access/session";
import { FeedTable } from "./FeedTable";
import { FeedForm, PublisherForm } from "./forms";
import { KeyShown } from "./KeyShown";
import { FormDialog, PutAway } from "./parts";
import { at, feedsQuery, publishersQuery, type Feed, type Publisher } from "./queries";

const above = { name: "Publishers", path: "/publishers" };

export default function PublisherPage({ id }: { id: string }) {
  const live = useQuery(publishersQuery());
  const away = useQuery(publishersQuery({ archived: true }));
  const publisher = [...(live.data ?? []), ...(away.data ?? [])].find((each) => each.id === id);
  if (live.data && away.data && !publisher) {
    return (
      <Page title="No such publisher" above={above}>
        <Empty title="There is no such publisher here">It belongs to another account, or its address is not complete.</Empty>
      </Page>
    );
  }
  return (
    <Page title={publisher?.name ?? "Publisher"} above={above}>
      <Loaded query={live} title="The publisher did not arrive">
        {() => publisher && <Inside publisher={publisher} />}
      </Loaded>
    </Page>
  );
}

function Inside({ publisher }: { publisher: Publisher }) {
  const [, go] = useLocation();
  const [adding, addingIs] = useDisclosure(false);
  const [editing, editingIs] = useDisclosure(false);
  const [made, setMade] = useState<Feed | null>(null);
  const may = useMay();
  const feeds = (useQuery(feedsQuery()).data ?? []).filter((feed) => feed.publisher === publisher.id);
  return (
    <>
      {made?.key && <KeyShown feed={made} secret={made.key} />}
      <div className="two-col">
        <Card
          title="Feeds"
          lined
          right={
            may.write &&
            feeds.length > 0 && (
              <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={addingIs.open}>
                Add a feed
              </Button>
            )
          }
        >
          {feeds.length ? (
            <FeedTable feeds={feeds} show="campaign" />
          ) : (
            <Empty
              title="No feeds yet"
              action={
                may.write && (
                  <Button variant="filled" onClick={addingIs.open}>
                    Add the first feed
                  </Button>
                )
              }
            >
              A feed is what this publisher sends for one campaign: with its own keys, numbers, payout and caps.
            </Empty>
          )}
        </Card>
        <Card
          title="Publisher"
          lined
          right={
            <>
              {may.write && !publisher.archived_at && (
                <Button size="xs" onClick={editingIs.open}>
                  Change
                </Button>
              )}
              <PutAway
                name={publisher.name}
                archived={Boolean(publisher.archived_at)}
                run={(archived) =>
                  take(api.POST("/api/v1/publishers/{id}/archive", { params: at(publisher.id), body: { archived } }))
                }
                done={() => go("/publishers")}
              >
                It leaves the lists; what it sent and was paid stays. Put its feeds away before.
              </PutAway>
            </>
          }
        >
          <dl className="facts pad">
            <dt>Added</dt>
            <dd>
              <Ago at={publisher.created_at} />
            </dd>
            <dt>Note</dt>
            <dd>{publisher.note || "none"}</dd>
          </dl>
        </Card>
      </div>
      <FormDialog opened={adding} close={addingIs.close} title="Add a feed" size={560}>
        <FeedForm
          publisher={publisher.id}
          done={(feed) => {
            setMade(feed);
            addingIs.close();
          }}
          cancel={addingIs.close}
        />
      </FormDialog>
      <FormDialog opened={editing} close={editingIs.close} title="Change the publisher">
        <PublisherForm publisher={publisher} done={editingIs.close} cancel={editingIs.close} />
      </FormDialog>
    </>
  );
}
