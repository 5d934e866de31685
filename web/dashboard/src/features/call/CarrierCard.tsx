// The account at the carrier of a trunk: its key goes in and is never shown; a test says whose account it is.

import { Button, PasswordInput, SegmentedControl, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "wouter";
import { api, take, words as said } from "../../api/client";
import { numbersQuery } from "../../api/lists";
import { money } from "../../base/figures";
import { Card } from "../../parts/Card";
import { Confirm } from "../../parts/Confirm";
import { useForm } from "../../parts/form";
import { StateWord } from "../../parts/State";
import { Empty, Loaded } from "../../parts/Waiting";
import { useMe } from "../access/session";
import {
  carrierQuery,
  carriers,
  carrierWords,
  dialects,
  heldOn,
  heldWords,
  webhookQuery,
  type Carrier,
  type Dialect,
} from "./carriers";
import type { Trunk } from "./trunk";

const MICROS = 1_000_000;

export function CarrierCard({ trunk }: { trunk: Trunk }) {
  const [editing, editingIs] = useDisclosure(false);
  const carrier = useQuery(carrierQuery(trunk.id));
  return (
    <Card
      title="Account at the carrier"
      lined
      right={
        carrier.data &&
        !editing && (
          <Button size="xs" variant="subtle" onClick={editingIs.open}>
            Change
          </Button>
        )
      }
    >
      <Loaded query={carrier} rows={3} title="The account did not arrive">
        {(data) =>
          editing ? (
            <CarrierForm trunk={trunk} carrier={data ?? undefined} close={editingIs.close} />
          ) : data ? (
            <Connected trunk={trunk} carrier={data} />
          ) : (
            <Empty title="Not connected" action={<Button onClick={editingIs.open}>Connect the account</Button>}>
              With an account at Twilio, SignalWire or Telnyx, numbers are searched, bought and given back from here, and
              pointed at this server by themselves.
            </Empty>
          )
        }
      </Loaded>
    </Card>
  );
}

const points: Record<string, string> = {
  webhook: "our voice webhook",
  sip: "the SIP connection",
};

function Connected({ trunk, carrier }: { trunk: Trunk; carrier: Carrier }) {
  const queries = useQueryClient();
  const [asking, askingIs] = useDisclosure(false);
  const words = carrierWords(carrier.dialect);
  const held = heldOn(useQuery(numbersQuery()).data ?? [], trunk.id);
  const test = useMutation({
    mutationFn: () => take(api.POST("/api/v1/trunks/{id}/carrier/test", { params: { path: { id: trunk.id } } })),
  });
  return (
    <div className="pad stack">
      <dl className="facts">
        <dt>Carrier</dt>
        <dd>{words.name}</dd>
        {carrier.account_sid && (
          <>
            <dt>{words.account}</dt>
            <dd>{carrier.account_sid}</dd>
          </>
        )}
        <dt>{words.apiKey}</dt>
        <dd className="dim">stored, never shown</dd>
        {carrier.api_url && (
          <>
            <dt>Address of its API</dt>
            <dd>{carrier.api_url}</dd>
          </>
        )}
        <dt>New numbers are pointed at</dt>
        <dd>
          {carrier.points_at ? (
            points[carrier.points_at]
          ) : (
            <StateWord tone="warn">nothing yet: set up the webhook, or name the SIP connection</StateWord>
          )}
        </dd>
        {carrier.own_price_micros != null && (
          <>
            <dt>A number costs a month</dt>
            <dd>{money(carrier.own_price_micros, carrier.own_price_currency ?? "USD")}</dd>
          </>
        )}
      </dl>
      <div role="status">
        {test.data && !test.isPending && (
          <StateWord tone={test.data.trouble ? "warn" : "ok"}>
            {test.data.trouble
              ? `${test.data.account_name}, which the carrier calls ${test.data.trouble}`
              : `The key opens the account ${test.data.account_name}`}
          </StateWord>
        )}
      </div>
      {test.isError && (
        <p className="bad" role="alert">
          {said(test.error)}
        </p>
      )}
      <div className="row wrap">
        <Button loading={test.isPending} onClick={() => test.mutate()}>
          Test the key
        </Button>
        <Button component={Link} href={`/numbers/buy?trunk=${trunk.id}`}>
          Buy numbers
        </Button>
        <span className="grow" />
        <Button className="danger" onClick={askingIs.open}>
          Disconnect
        </Button>
      </div>
      <Confirm
        opened={asking}
        close={askingIs.close}
        title={`Disconnect ${words.name}?`}
        act="Disconnect"
        run={() => take(api.DELETE("/api/v1/trunks/{id}/carrier", { params: { path: { id: trunk.id } } }))}
        done={() => {
          void queries.invalidateQueries({ queryKey: ["trunk", trunk.id] });
          void queries.invalidateQueries({ queryKey: ["carriers"] });
        }}
      >
        The key is forgotten. Numbers stay at the carrier and go on to ring; they can be bought and given back only there.
        {held.length > 0 && <b> {heldWords(held)}</b>}
      </Confirm>
    </div>
  );
}

function CarrierForm({ trunk, carrier, close }: { trunk: Trunk; carrier?: Carrier; close: () => void }) {
  const queries = useQueryClient();
  const { account } = useMe();
  const webhook = useQuery(webhookQuery(trunk.id)).data;
  const form = useForm({
    start: {
      dialect: (carrier?.dialect ?? webhook?.dialect ?? "twilio") as Dialect,
      account_sid: carrier?.account_sid ?? webhook?.account_sid ?? "",
      api_key: "",
      api_url: carrier?.api_url ?? "",
      sip_connection: carrier?.sip_connection ?? "",
      own_price: carrier?.own_price_micros != null ? String(carrier.own_price_micros / MICROS) : "",
    },
    check: (values) => ({
      account_sid:
        values.dialect === "telnyx" || values.account_sid.trim()
          ? undefined
          : `Write the ${carriers[values.dialect].account}`,
      api_key:
        values.api_key.trim() || carrier?.dialect === values.dialect
          ? undefined
          : `Write the ${carriers[values.dialect].apiKey.toLowerCase()}`,
      api_url:
        values.dialect !== "signalwire" || values.api_url.trim()
          ? undefined
          : "Write the address of the space, such as https://example.signalwire.com",
      own_price:
        values.own_price === "" || /^\d+(\.\d{1,6})?$/.test(values.own_price.trim())
          ? undefined
          : "Write an amount such as 0.50",
    }),
    send: (values) => {
      const price = values.own_price.trim();
      return take(
        api.PUT("/api/v1/trunks/{id}/carrier", {
          params: { path: { id: trunk.id } },
          body: {
            dialect: values.dialect,
            account_sid: values.dialect === "telnyx" ? "" : values.account_sid.trim(),
            api_key: values.api_key.trim() || undefined,
            api_url: values.api_url.trim(),
            sip_connection: values.sip_connection.trim(),
            own_price_micros: price ? Math.round(Number(price) * MICROS) : undefined,
            own_price_currency: price ? (carrier?.own_price_currency ?? account.currency) : undefined,
          },
        }),
      );
    },
    done: () => {
      void queries.invalidateQueries({ queryKey: ["trunk", trunk.id] });
      void queries.invalidateQueries({ queryKey: ["carriers"] });
      close();
    },
  });
  const { values } = form;
  const words = carriers[values.dialect];
  return (
    <form className="form pad" onSubmit={form.submit} noValidate>
      <SegmentedControl
        aria-label="Carrier"
        value={values.dialect}
        onChange={(dialect) => form.set("dialect", dialect as Dialect)}
        data={dialects.map((value) => ({ value, label: carriers[value].name }))}
      />
      {values.dialect !== "telnyx" && (
        <TextInput
          label={words.account}
          description={words.accountHint}
          autoComplete="off"
          {...form.text("account_sid")}
        />
      )}
      <PasswordInput
        label={words.apiKey}
        description={
          carrier ? "Empty leaves the stored one as it is" : "Stored sealed; nobody can read it again, you neither"
        }
        autoComplete="new-password"
        {...form.text("api_key")}
      />
      <TextInput
        label={values.dialect === "signalwire" ? "Address of the space" : "Address of its API"}
        description={values.dialect === "signalwire" ? undefined : "Empty for the usual one"}
        placeholder={values.dialect === "signalwire" ? "https://example.signalwire.com" : undefined}
        inputMode="url"
        {...form.text("api_url")}
      />
      {words.connection && !webhook && (
        <TextInput
          label={words.connection}
          description="Where the carrier sends the calls of new numbers over SIP"
          {...form.text("sip_connection")}
        />
      )}
      <TextInput
        label={`A number costs a month, in ${carrier?.own_price_currency ?? account.currency}`}
        description={
          values.dialect === "signalwire"
            ? "SignalWire tells no prices; write what your contract says"
            : `Only for numbers whose price ${words.name} does not tell: without it they cannot be bought`
        }
        inputMode="decimal"
        placeholder="0.50"
        {...form.text("own_price")}
      />
      {form.failure && (
        <p className="bad" role="alert">
          {form.failure}
        </p>
      )}
      <div className="actions">
        <Button type="submit" variant="filled" loading={form.busy}>
          {carrier ? "Save" : "Connect"}
        </Button>
        <Button variant="subtle" onClick={close}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
