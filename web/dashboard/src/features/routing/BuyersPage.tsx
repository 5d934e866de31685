// Buyers: who pays for calls and leads, where they take them, and what they owe at most.

import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useSearch } from "wouter";
import { plural } from "../../base/figures";
import { Icon } from "../../parts/Icon";
import { Scroll } from "../../parts/Scroll";
import { Empty, Loaded } from "../../parts/Waiting";
import { Page } from "../../shell/Page";
import { useMay } from "../access/session";
import { BuyerForm } from "./forms";
import { FormDialog, ThingState } from "./parts";
import { buyersQuery, contractsQuery, destinationsQuery, useCurrency, type Buyer } from "./queries";
import { amount, kindWord } from "./words";

export default function BuyersPage() {
  const [, go] = useLocation();
  const away = new URLSearchParams(useSearch()).get("show") === "away";
  const [adding, addingIs] = useDisclosure(false);
  const may = useMay();
  const buyers = useQuery(buyersQuery({ archived: away }));
  const add = (
    <Button size="xs" variant="filled" leftSection={<Icon name="plus" size={14} />} onClick={addingIs.open}>
      Add buyer
    </Button>
  );
  return (
    <Page title="Buyers" actions={buyers.data?.length && may.write && !away ? add : undefined}>
      <nav className="tabs" aria-label="Buyers to show">
        <Link href="/buyers" aria-current={away ? undefined : "page"}>
          Buyers
        </Link>
        <Link href="/buyers?show=away" aria-current={away ? "page" : undefined}>
          Put away
        </Link>
      </nav>
      <section className="card" aria-label="Buyers">
        <Loaded query={buyers} title="The buyers did not arrive">
          {(items) =>
            items.length ? (
              <List buyers={items} />
            ) : away ? (
              <Empty title="Nobody is put away">A buyer without destinations can be put away; its sales stay.</Empty>
            ) : (
              <Empty
                title="No buyers yet"
                action={
                  may.write && (
                    <Button variant="filled" onClick={addingIs.open}>
                      Add the first buyer
                    </Button>
                  )
                }
              >
                A buyer pays for calls or leads. Add its destinations, the phones and servers that take them, and make a
                contract for each campaign it buys from.
              </Empty>
            )
          }
        </Loaded>
      </section>
      <FormDialog opened={adding} close={addingIs.close} title="Add a buyer" size={560}>
        <BuyerForm done={(made) => go(`/buyers/${made.id}`)} cancel={addingIs.close} />
      </FormDialog>
    </Page>
  );
}

function List({ buyers }: { buyers: Buyer[] }) {
  const [, go] = useLocation();
  const currency = useCurrency();
  const destinations = useQuery(destinationsQuery()).data ?? [];
  const contracts = useQuery(contractsQuery()).data ?? [];
  const names = new Map(buyers.map((buyer) => [buyer.id, buyer.name]));
  const rows = buyers.map((buyer) => {
    const own = destinations.filter((each) => each.buyer === buyer.id);
    const kinds = [...new Set(own.map((each) => kindWord(each.kind)))];
    return {
      buyer,
      kinds: kinds.join(", "),
      contracts: contracts.filter((each) => each.buyer === buyer.id).length,
      limit: buyer.credit_limit ? amount(buyer.credit_limit, currency) : "none",
      idle: own.length ? undefined : "no destination yet",
    };
  });
  return (
    <>
      <Scroll className="wide-only">
        <table className="t">
          <thead>
            <tr>
              <th className="fix" scope="col">
                Buyer
              </th>
              <th scope="col">Company</th>
              <th scope="col">Takes by</th>
              <th scope="col" className="num">
                Contracts
              </th>
              <th scope="col" className="num">
                May owe
              </th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ buyer, kinds, contracts: count, limit, idle }) => (
              <tr key={buyer.id} className="to" onClick={() => go(`/buyers/${buyer.id}`)}>
                <td className="fix">
                  <Link className="cell med" href={`/buyers/${buyer.id}`}>
                    {buyer.name}
                  </Link>
                </td>
                <td className="soft">{(buyer.company && names.get(buyer.company)) || <span className="dim">—</span>}</td>
                <td>{kinds || <span className="dim">—</span>}</td>
                <td className="num">{count}</td>
                <td className="num">{limit}</td>
                <td>
                  <ThingState of={buyer} byTerms={buyer.terms.live?.document.paused} idle={idle} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <ul className="rows narrow-only">
        {rows.map(({ buyer, kinds, contracts: count, idle }) => (
          <li key={buyer.id}>
            <Link href={`/buyers/${buyer.id}`}>
              <span className="row between">
                <span className="med cut">{buyer.name}</span>
                <span className="small">
                  <ThingState of={buyer} byTerms={buyer.terms.live?.document.paused} idle={idle} />
                </span>
              </span>
              <span className="small dim cut block">
                {[kinds, plural(count, "contract")].filter(Boolean).join(", ")}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}
