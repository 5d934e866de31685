// Feeds in a table: who sends for which campaign, what they are paid, and the key they use.

import { Link, useLocation } from "wouter";
import { Scroll } from "../../parts/Scroll";
import { ThingState } from "./parts";
import { useCurrency, type Feed } from "./queries";
import { priceWords } from "./words";

export function FeedTable({ feeds, show }: { feeds: Feed[]; show: "publisher" | "campaign" }) {
  const [, go] = useLocation();
  const currency = useCurrency();
  const name = (feed: Feed) => (show === "publisher" ? feed.publisher_name : feed.campaign_name);
  return (
    <>
      <Scroll className="wide-only">
        <table className="t">
          <thead>
            <tr>
              <th className="fix" scope="col">
                {show === "publisher" ? "Publisher" : "Campaign"}
              </th>
              <th scope="col" className="num">
                Payout
              </th>
              <th scope="col">Secret key</th>
              <th scope="col">Form key</th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {feeds.map((feed) => (
              <tr key={feed.id} className="to" onClick={() => go(`/feeds/${feed.id}`)}>
                <td className="fix">
                  <Link className="cell med" href={`/feeds/${feed.id}`}>
                    {name(feed)}
                  </Link>
                </td>
                <td className="num">{priceWords(feed.terms.live?.document.payout, currency)}</td>
                <td>
                  <code>{feed.key_prefix}…</code>
                </td>
                <td>
                  <code>{feed.form_key}</code>
                </td>
                <td>
                  <ThingState of={feed} byTerms={feed.terms.live?.document.paused} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <ul className="rows narrow-only">
        {feeds.map((feed) => (
          <li key={feed.id}>
            <Link href={`/feeds/${feed.id}`}>
              <span className="row between">
                <span className="med cut">{name(feed)}</span>
                <span className="tel">{priceWords(feed.terms.live?.document.payout, currency)}</span>
              </span>
              <span className="row between small">
                <code>{feed.key_prefix}…</code>
                <ThingState of={feed} byTerms={feed.terms.live?.document.paused} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}
