// Publishers: who sends calls and leads, for which campaigns.

import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useSearch } from "wouter";
import { plural } from "../../base/figures";
import { Icon } from "../../parts/Icon";
import { Scroll } from "../../parts/Scroll";
import { Empty, Loaded } from "../../parts/Waiting";
import { Ago } from "../../parts/When";
import { Page } from "../../shell/Page";
import { useMay } from "../access/session";
import { PublisherForm } from "./forms";
import { FormDialog } from "./parts";
import { feedsQuery, publishersQuery, type Publisher } from "./queries";

export default function PublishersPage() {
  const [, go] = useLocation();
  const away = new URLSearchParams(useSearch()).get("show") === "away";
  const [adding, addingIs] = useDisclosure(false);
  const may = useMay();
  const publishers = useQuery(publishersQuery({ archived: away }));
  const add = (
    <Button size="xs" variant="filled" leftSection={<Icon name="plus" size={14} />} onClick={addingIs.open}>
      Add publisher
    </Button>
  );
  return (
    <Page title="Publishers" actions={publishers.data?.length && may.write && !away ? add : undefined}>
      <nav className="tabs" aria-label="Publishers to show">
        <Link href="/publishers" aria-current={away ? undefined : "page"}>
          Publishers
        </Link>
        <Link href="/publishers?show=away" aria-current={away ? "page" : undefined}>
          Put away
        </Link>
      </nav>
      <section className="card" aria-label="Publishers">
        <Loaded query={publishers} title="The publishers did not arrive">
          {(items) =>
            items.length ? (
              <List publishers={items} />
            ) : away ? (
              <Empty title="Nobody is put away">A publisher without feeds can be put away; what it sent stays.</Empty>
            ) : (
              <Empty
                title="No publishers yet"
                action={
                  may.write && (
                    <Button variant="filled" onClick={addingIs.open}>
                      Add the first publisher
                    </Button>
                  )
                }
              >
                A publisher sends calls or leads and is paid for them. For each campaign it sends for, it gets a feed with its
                own keys, payout and caps.
              </Empty>
            )
          }
        </Loaded>
      </section>
      <FormDialog opened={adding} close={addingIs.close} title="Add a publisher">
        <PublisherForm done={(made) => go(`/publishers/${made.id}`)} cancel={addingIs.close} />
      </FormDialog>
    </Page>
  );
}

function List({ publishers }: { publishers: Publisher[] }) {
  const [, go] = useLocation();
  const feeds = useQuery(feedsQuery()).data ?? [];
  const of = (id: string) => feeds.filter((feed) => feed.publisher === id);
  const campaigns = (id: string) => of(id).map((feed) => feed.campaign_name).join(", ");
  return (
    <>
      <Scroll className="wide-only">
        <table className="t">
          <thead>
            <tr>
              <th className="fix" scope="col">
                Publisher
              </th>
              <th scope="col">Sends for</th>
              <th scope="col" className="num">
                Feeds
              </th>
              <th scope="col">Note</th>
              <th scope="col">Added</th>
            </tr>
          </thead>
          <tbody>
            {publishers.map((publisher) => (
              <tr key={publisher.id} className="to" onClick={() => go(`/publishers/${publisher.id}`)}>
                <td className="fix">
                  <Link className="cell med" href={`/publishers/${publisher.id}`}>
                    {publisher.name}
                  </Link>
                </td>
                <td>
                  <span className="pair-cell cut block">{campaigns(publisher.id) || <span className="dim">—</span>}</span>
                </td>
                <td className="num">{of(publisher.id).length}</td>
                <td className="soft">
                  <span className="pair-cell cut block">{publisher.note || <span className="dim">—</span>}</span>
                </td>
                <td className="dim">
                  <Ago at={publisher.created_at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <ul className="rows narrow-only">
        {publishers.map((publisher) => (
          <li key={publisher.id}>
            <Link href={`/publishers/${publisher.id}`}>
              <span className="row between">
                <span className="med cut">{publisher.name}</span>
                <span className="small soft">{plural(of(publisher.id).length, "feed")}</span>
              </span>
              <span className="small dim cut block">{campaigns(publisher.id) || "sends for no campaign yet"}</span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}
