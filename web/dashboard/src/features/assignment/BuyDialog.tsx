// One number on its way: where it shall ring, what it costs and what happens, and what came of it. The price that is confirmed
// is the one the carrier told just now; it is repeated to the server, which buys at no other.

import { Button, Modal, Select, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { api, take, words } from "../../api/client";
import { poolsQuery } from "../../api/lists";
import { digits, money } from "../../base/figures";
import { useForm } from "../../parts/form";
import { Icon } from "../../parts/Icon";
import { carrierWords, type Carrier } from "../call/carriers";
import type { LineKind, Offer, Purchase } from "./buying";

type BuyDialogProps = {
  offer: Offer | null;
  search: { country: string; kind: LineKind };
  carrier: Carrier;
  close: (bought: boolean) => void;
};

export function BuyDialog({ offer, search, carrier, close }: BuyDialogProps) {
  const [purchase, setPurchase] = useState<Purchase | null>(null);
  const settled = purchase !== null && purchase.state !== "offered";
  const number = offer?.number_display ?? "the number";
  const title = settled ? number : purchase ? `Buy ${number}?` : `Where shall ${number} ring?`;
  return (
    <Modal
      opened={offer !== null}
      onClose={() => close(settled)}
      title={title}
      size={560}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {offer &&
        (purchase === null ? (
          <Where offer={offer} search={search} carrier={carrier} next={setPurchase} cancel={() => close(false)} />
        ) : settled ? (
          <Result purchase={purchase} carrier={carrier} close={() => close(true)} />
        ) : (
          <Price purchase={purchase} carrier={carrier} bought={setPurchase} cancel={() => close(false)} />
        ))}
    </Modal>
  );
}

type WhereProps = Omit<BuyDialogProps, "offer" | "close"> & {
  offer: Offer;
  next: (purchase: Purchase) => void;
  cancel: () => void;
};

function Where({ offer, search, carrier, next, cancel }: WhereProps) {
  const pools = useQuery(poolsQuery()).data ?? [];
  const form = useForm({
    start: { business_line: "", pool: "", label: "" },
    check: (values) => ({
      business_line:
        digits(values.business_line).length >= 7 ? undefined : "Write the number that rings, such as (214) 555-0142",
    }),
    send: (values) =>
      take(
        api.POST("/api/v1/purchases", {
          body: {
            trunk: carrier.trunk,
            number: offer.number,
            country: search.country,
            kind: search.kind,
            business_line: values.business_line.trim(),
            pool: values.pool || undefined,
            label: values.label.trim(),
          },
        }),
      ),
    done: next,
  });
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <TextInput
        label="Rings at"
        description="The business line behind it"
        placeholder="(214) 555-0142"
        inputMode="tel"
        data-autofocus
        {...form.text("business_line")}
      />
      <Select
        label="Pool"
        description="Without one it is a static number"
        clearable
        data={pools.map((pool) => ({ value: pool.id, label: pool.name }))}
        value={form.values.pool || null}
        onChange={(pool) => form.set("pool", pool ?? "")}
        error={form.message("pool")}
        placeholder="None"
        nothingFoundMessage="No pool yet"
      />
      <TextInput label="Label" placeholder="Van, flyer, north office" {...form.text("label")} />
      {form.failure && (
        <p className="bad" role="alert">
          {form.failure}
        </p>
      )}
      <div className="actions">
        <Button type="submit" variant="filled" loading={form.busy}>
          Ask for the price
        </Button>
        <Button variant="subtle" onClick={cancel}>
          Cancel
        </Button>
        <span className="small dim">Nothing is bought yet.</span>
      </div>
    </form>
  );
}

type PriceProps = {
  purchase: Purchase;
  carrier: Carrier;
  bought: (purchase: Purchase) => void;
  cancel: () => void;
};

function Price({ purchase, carrier, bought, cancel }: PriceProps) {
  const queries = useQueryClient();
  const name = carrierWords(carrier.dialect).name;
  const monthly = money(purchase.monthly_micros, purchase.currency);
  const buy = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/v1/purchases/{id}/confirm", {
          params: { path: { id: purchase.id } },
          body: {
            number: purchase.number,
            monthly_micros: purchase.monthly_micros,
            currency: purchase.currency,
          },
        }),
      ),
    onSuccess: bought,
    onSettled: () => {
      for (const key of ["numbers", "pools", "pool", "purchases"]) void queries.invalidateQueries({ queryKey: [key] });
    },
  });
  return (
    <div className="stack">
      <p className="price">
        <b>{monthly}</b>
        <span className="soft">
          a month
          {purchase.setup_micros > 0
            ? `, and ${money(purchase.setup_micros, purchase.currency)} once`
            : ", and nothing to begin with"}
        </span>
      </p>
      <ul className="checks-plain">
        <li>{name} charges your account there from now on, until the number is given back.</li>
        <li>
          Calls come in on {carrier.trunk_name} and ring{" "}
          <span className="tel">{purchase.business_line_display}</span>.
        </li>
        <li>
          {purchase.pool
            ? "It is listened to for 7 days before visitors see it, so that strangers who call it are noticed."
            : "It is a static number, ready at once."}
        </li>
      </ul>
      {buy.isError && (
        <p className="bad" role="alert">
          {words(buy.error)}
        </p>
      )}
      <div className="row">
        <Button variant="filled" loading={buy.isPending} onClick={() => buy.mutate()}>
          Buy for {monthly} a month
        </Button>
        <Button variant="subtle" onClick={cancel}>
          Do not buy
        </Button>
      </div>
    </div>
  );
}

function Result({ purchase, carrier, close }: { purchase: Purchase; carrier: Carrier; close: () => void }) {
  const name = carrierWords(carrier.dialect).name;
  const sure = purchase.state === "bought";
  return (
    <div className="stack" role="status">
      <div className={sure ? "note ok" : "note warn"}>
        <Icon name={sure ? "check" : "clock"} />
        <div className="grow">
          <div className="med">{sure ? "It is yours" : `${name} has not said yet whether it is yours`}</div>
          <div className="small soft">
            {sure
              ? `Calls to it ring ${purchase.business_line_display} from now on.`
              : "It is looked up there every few seconds, and never bought a second time. It appears among your numbers when it is known."}
          </div>
        </div>
      </div>
      <div className="row">
        <Button variant="filled" onClick={close}>
          Look for another one
        </Button>
        <Button variant="subtle" component={Link} href="/numbers">
          To the numbers
        </Button>
      </div>
    </div>
  );
}
