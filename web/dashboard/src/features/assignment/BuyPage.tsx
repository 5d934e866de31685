// Buying a number: looked for by country, kind, area code and digits; the offers with place and price; then the dialogue.

import { Button, SegmentedControl, Select, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useSearchParams } from "wouter";
import { api, take } from "../../api/client";
import { digits, money, plural } from "../../base/figures";
import { Card } from "../../parts/Card";
import { Confirm } from "../../parts/Confirm";
import { Scroll } from "../../parts/Scroll";
import { Badge, type Tone } from "../../parts/State";
import { Empty, Failure, Lines, Loaded } from "../../parts/Waiting";
import { Ago } from "../../parts/When";
import { Page } from "../../shell/Page";
import { useMay, useMe } from "../access/session";
import { carriersQuery, carrierWords, type Carrier } from "../call/carriers";
import { BuyDialog } from "./BuyDialog";
import {
  areaHint,
  countriesOf,
  lineKinds,
  northAmerican,
  purchaseState,
  purchasesQuery,
  type LineKind,
  type Offer,
  type Purchase,
} from "./buying";

const above = { name: "Numbers and pools", path: "/numbers" };

export default function BuyPage() {
  const may = useMay();
  const carriers = useQuery({ ...carriersQuery(), enabled: may.operate });
  if (!may.operate) {
    return (
      <Page title="Buy a number" above={above}>
        <Empty title="Numbers are bought by whoever runs this server">
          They are paid from the server's account at the carrier. Ask for the number you need.
        </Empty>
      </Page>
    );
  }
  return (
    <Page title="Buy a number" above={above}>
      <Loaded query={carriers} rows={4} title="The carriers did not arrive">
        {(items) => (items.length ? <Shop carriers={items} /> : <NoCarrier />)}
      </Loaded>
      <Purchases />
    </Page>
  );
}

function NoCarrier() {
  return (
    <Empty
      title="No carrier is connected"
      action={
        <Button variant="filled" component={Link} href="/trunks">
          Choose a trunk
        </Button>
      }
    >
      Open a trunk and connect its account at Twilio, SignalWire or Telnyx. Numbers that are bought with it ring on that
      trunk.
    </Empty>
  );
}

type Search = { trunk: string; country: string; kind: LineKind; area_code: string; contains: string };

function Shop({ carriers }: { carriers: Carrier[] }) {
  const { account } = useMe();
  const [params] = useSearchParams();
  const wished = carriers.find((each) => each.trunk === params.get("trunk"))?.trunk;
  const [search, setSearch] = useState<Search>({
    trunk: wished ?? carriers[0]?.trunk ?? "",
    country: account.country,
    kind: "local",
    area_code: "",
    contains: "",
  });
  const [asked, setAsked] = useState<Search | null>(null);
  const [chosen, setChosen] = useState<Offer | null>(null);
  const carrier = carriers.find((each) => each.trunk === search.trunk);
  const set = (part: Partial<Search>) => setSearch((before) => ({ ...before, ...part }));
  const offers = useQuery({
    queryKey: ["offers", asked],
    queryFn: async () => {
      const { trunk, ...query } = asked as Search;
      return (await take(api.GET("/api/v1/trunks/{id}/carrier/offers", { params: { path: { id: trunk }, query } }))).items;
    },
    enabled: asked !== null,
    // What is sold changes by the minute: each search asks anew.
    gcTime: 0,
    retry: false,
  });
  return (
    <>
      <Card title="Look for a number" lined>
        <form
          className="form pad"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            const next = { ...search, area_code: digits(search.area_code), contains: digits(search.contains) };
            if (asked && JSON.stringify(asked) === JSON.stringify(next)) void offers.refetch();
            else setAsked(next);
          }}
        >
          <div className="pair">
            <Select
              label="Carrier"
              data={carriers.map((each) => ({
                value: each.trunk,
                label: `${carrierWords(each.dialect).name}, ${each.trunk_name}`,
              }))}
              value={search.trunk}
              allowDeselect={false}
              onChange={(trunk) => set(moved(search, carriers, trunk))}
            />
            <Select
              label="Country"
              searchable
              data={countriesOf(carrier?.dialect ?? "", account.country)}
              value={search.country}
              allowDeselect={false}
              nothingFoundMessage="Not sold by this carrier"
              onChange={(country) => set({ country: country ?? search.country, area_code: "" })}
            />
          </div>
          <div>
            <p className="small soft" id="line-kind" style={{ marginBottom: 4 }}>
              Kind
            </p>
            <SegmentedControl
              aria-labelledby="line-kind"
              value={search.kind}
              onChange={(kind) => set({ kind: kind as LineKind, area_code: "" })}
              data={Object.entries(lineKinds).map(([value, label]) => ({ value, label }))}
            />
          </div>
          <div className="pair">
            <TextInput
              label="Area code"
              placeholder={northAmerican(search.country) ? "Any, such as 214" : "Any"}
              disabled={search.kind === "toll_free" && northAmerican(search.country)}
              description={areaHint(search.country, search.kind)}
              inputWrapperOrder={["label", "input", "description"]}
              inputMode="numeric"
              value={search.area_code}
              onChange={(event) => set({ area_code: event.currentTarget.value })}
            />
            <TextInput
              label="Contains"
              placeholder="Any digits"
              inputMode="numeric"
              value={search.contains}
              onChange={(event) => set({ contains: event.currentTarget.value })}
            />
          </div>
          <div className="actions">
            <Button type="submit" variant="filled" loading={offers.isFetching}>
              Search
            </Button>
            {carrier && !carrier.points_at && (
              <span className="small warn">
                Its calls lead nowhere yet: <Link href={`/trunks/${carrier.trunk}`}>set up the trunk</Link> first.
              </span>
            )}
          </div>
        </form>
      </Card>
      {asked && (
        <Card
          title="Offers"
          lined
          right={offers.data ? `${plural(offers.data.length, "number")}${offers.data.length === 50 ? " or more" : ""}` : ""}
        >
          {offers.isError ? (
            <Failure
              title="The carrier did not tell"
              error={offers.error}
              retry={() => void offers.refetch()}
              busy={offers.isFetching}
            />
          ) : offers.data ? (
            offers.data.length ? (
              <Offers offers={offers.data} choose={setChosen} />
            ) : (
              <Empty title="No such number is for sale">Write less of it, or look in another area.</Empty>
            )
          ) : (
            <Lines rows={4} />
          )}
        </Card>
      )}
      {asked && carrier && (
        <BuyDialog
          key={chosen?.number ?? "none"}
          offer={chosen}
          search={asked}
          carrier={carrier}
          close={(bought) => {
            setChosen(null);
            if (bought) void offers.refetch();
          }}
        />
      )}
    </>
  );
}

/** Another carrier may not sell in the country that was chosen. */
function moved(search: Search, carriers: Carrier[], trunk: string | null): Partial<Search> {
  const next = carriers.find((each) => each.trunk === trunk);
  if (!next) return {};
  const sold = countriesOf(next.dialect, search.country).some((each) => each.value === search.country);
  return { trunk: next.trunk, country: sold ? search.country : "US" };
}

function Offers({ offers, choose }: { offers: Offer[]; choose: (offer: Offer) => void }) {
  // A column of its own only where something is charged once.
  const once = offers.some((offer) => (offer.setup_micros ?? 0) > 0);
  return (
    <>
      <Scroll className="wide-only">
        <table className="t">
          <thead>
            <tr>
              <th className="fix" scope="col">
                Number
              </th>
              <th scope="col">Place</th>
              <th scope="col" className="num">
                A month
              </th>
              {once && (
                <th scope="col" className="num">
                  Once
                </th>
              )}
              <th scope="col">
                <span className="sr">Choose</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {offers.map((offer) => (
              <tr key={offer.number}>
                <td className="fix tel med">{offer.number_display}</td>
                <td className="soft">{offer.place || <span className="dim">—</span>}</td>
                <td className="num">{price(offer.monthly_micros, offer.currency)}</td>
                {once && (
                  <td className="num soft">
                    {offer.setup_micros ? price(offer.setup_micros, offer.currency) : <span className="dim">—</span>}
                  </td>
                )}
                <td className="num">
                  <Choose offer={offer} choose={choose} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <ul className="rows narrow-only">
        {offers.map((offer) => (
          <li key={offer.number}>
            <div className="row between">
              <span>
                <span className="tel med block">{offer.number_display}</span>
                <span className="small soft block">
                  {[offer.place, offer.monthly_micros != null && `${price(offer.monthly_micros, offer.currency)} a month`]
                    .filter(Boolean)
                    .join(", ")}
                </span>
              </span>
              <Choose offer={offer} choose={choose} />
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

function Choose({ offer, choose }: { offer: Offer; choose: (offer: Offer) => void }) {
  return (
    <Button size="xs" aria-label={`Choose ${offer.number_display}`} onClick={() => choose(offer)}>
      Choose
    </Button>
  );
}

function price(micros: number | null | undefined, currency: string | null | undefined): string {
  return micros == null || !currency ? "not told" : money(micros, currency);
}

/** Until it is known what became of each purchase. */
const REFRESH_MS = 5_000;
/** A purchase can be closed by hand so long after it was sent. */
const CLOSE_AFTER_MS = 600_000;

function Purchases() {
  const purchases = useQuery({
    ...purchasesQuery(),
    refetchInterval: (query) => query.state.data?.some((each) => each.state === "sending") && REFRESH_MS,
  });
  if (!purchases.data?.length) return null;
  return (
    <Card title="Bought lately" lined>
      <ul className="rows">
        {purchases.data.map((purchase) => (
          <Bought key={purchase.id} purchase={purchase} />
        ))}
      </ul>
    </Card>
  );
}

function Bought({ purchase }: { purchase: Purchase }) {
  const queries = useQueryClient();
  const [asking, askingIs] = useDisclosure(false);
  const state: { tone: Tone; word: string } = purchaseState(purchase.state);
  return (
    <li>
      <div className="row wrap between">
        <span>
          <span className="tel med">{purchase.number_display}</span> <span className="dim">{purchase.place}</span>
          <span className="small soft block">
            {money(purchase.monthly_micros, purchase.currency)} a month
            {purchase.setup_micros > 0 && `, ${money(purchase.setup_micros, purchase.currency)} once`}
            {purchase.trouble && `. ${purchase.trouble}`}
          </span>
        </span>
        <span className="row">
          <span className="dim small">{purchase.sent_at != null && <Ago at={purchase.sent_at} />}</span>
          <Badge tone={state.tone}>{state.word}</Badge>
          {purchase.state === "sending" && Date.now() - (purchase.sent_at ?? purchase.offered_at) > CLOSE_AFTER_MS && (
            <Button size="xs" variant="subtle" onClick={askingIs.open}>
              Close
            </Button>
          )}
        </span>
      </div>
      <Confirm
        opened={asking}
        close={askingIs.close}
        title={`Close the purchase of ${purchase.number_display}?`}
        act="Close it"
        run={() => take(api.POST("/api/v1/purchases/{id}/close", { params: { path: { id: purchase.id } } }))}
        done={() => void queries.invalidateQueries({ queryKey: ["purchases"] })}
      >
        Look at the carrier first: close it only when the number is not among yours there and no order waits, or you
        cancelled it. It is then not looked up any more.
      </Confirm>
    </li>
  );
}
