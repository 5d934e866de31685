// Contracts in a table: whom each leads to, its price, its place in the plan, its state.

import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "wouter";
import { Scroll } from "../../parts/Scroll";
import type { RoutePlan } from "./documents";
import { ThingState } from "./parts";
import { contractsIn } from "./plan/plan";
import { buyersQuery, byId, campaignsQuery, destinationsQuery, useCurrency, useListNames, type Contract } from "./queries";
import { filterWords, kindWord, priceWords } from "./words";

type TableProps = {
  contracts: Contract[];
  /** The plan in force, where all are of one campaign. */
  plan?: RoutePlan;
  /** What differs from row to row: the buyer, or the campaign. */
  show: "buyer" | "campaign";
};

export function ContractTable({ contracts, plan, show }: TableProps) {
  const [, go] = useLocation();
  const currency = useCurrency();
  const lists = useListNames();
  const destinations = byId(useQuery(destinationsQuery()).data);
  const buyers = byId(useQuery(buyersQuery()).data);
  const campaigns = byId(useQuery(campaignsQuery()).data);
  const rows = contracts.map((contract) => {
    const destination = destinations.get(contract.destination);
    const campaign = campaigns.get(contract.campaign);
    const planned = plan ?? campaign?.plan.live?.document;
    const buyer = buyers.get(destination?.buyer ?? "");
    const layers = [contract.terms, destination?.terms, buyer?.terms].map((terms) => terms?.live?.document);
    return {
      contract,
      other: show === "buyer" ? (buyer?.name ?? "deleted buyer") : (campaign?.name ?? "deleted campaign"),
      to: destination ? `${destination.name} (${kindWord(destination.kind).toLowerCase()})` : "deleted",
      price: priceWords(layers.find((layer) => layer?.price)?.price, currency),
      takes: filterWords(contract.terms.live?.document.filter, lists),
      idle: planned && contractsIn(planned).includes(contract.id) ? undefined : "not in the plan",
    };
  });
  return (
    <>
      <Scroll className="wide-only">
        <table className="t">
          <thead>
            <tr>
              <th className="fix" scope="col">
                Contract
              </th>
              <th scope="col">{show === "buyer" ? "Buyer" : "Campaign"}</th>
              <th scope="col">Goes to</th>
              {show === "buyer" && <th scope="col">Takes</th>}
              <th scope="col" className="num">
                Price
              </th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ contract, other, to, price, takes, idle }) => (
              <tr key={contract.id} className="to" onClick={() => go(`/contracts/${contract.id}`)}>
                <td className="fix">
                  <Link className="cell med" href={`/contracts/${contract.id}`}>
                    {contract.name}
                  </Link>
                </td>
                <td>{other}</td>
                <td className="soft">{to}</td>
                {show === "buyer" && (
                  <td className="soft">
                    <span className="label-cell" title={takes}>
                      {takes}
                    </span>
                  </td>
                )}
                <td className="num">{price}</td>
                <td>
                  <ThingState of={contract} byTerms={contract.terms.live?.document.paused} idle={idle} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <ul className="rows narrow-only">
        {rows.map(({ contract, other, price, idle }) => (
          <li key={contract.id}>
            <Link href={`/contracts/${contract.id}`}>
              <span className="row between">
                <span className="med cut">{contract.name}</span>
                <span className="tel">{price}</span>
              </span>
              <span className="row between small">
                <span className="dim cut">{other}</span>
                <ThingState of={contract} byTerms={contract.terms.live?.document.paused} idle={idle} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}
