// The voice webhook of a trunk: which carrier talks so, what is pasted where there, and whether its requests are believed.

import { Button, PasswordInput, SegmentedControl, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api, take } from "../../api/client";
import { Card } from "../../parts/Card";
import { Confirm } from "../../parts/Confirm";
import { CopyButton } from "../../parts/CopyButton";
import { useForm } from "../../parts/form";
import { Icon } from "../../parts/Icon";
import { StateWord } from "../../parts/State";
import { Empty, Loaded } from "../../parts/Waiting";
import { Ago } from "../../parts/When";
import { useMay } from "../access/session";
import { carriers, carrierWords, dialects, heardOf, webhookQuery, type Dialect, type Webhook } from "./carriers";
import type { Trunk } from "./trunk";

/** While somebody sets it up, the next webhook is waited for. */
const REFRESH_MS = 5_000;

export function WebhookCard({ trunk }: { trunk: Trunk }) {
  const may = useMay();
  const [editing, editingIs] = useDisclosure(false);
  const webhook = useQuery({ ...webhookQuery(trunk.id), refetchInterval: REFRESH_MS });
  const overSip = trunk.kind === "registered" || (trunk.addresses ?? []).length > 0;
  return (
    <Card
      title="Calls by webhook"
      lined
      right={
        webhook.data &&
        may.operate &&
        !editing && (
          <Button size="xs" variant="subtle" onClick={editingIs.open}>
            Change
          </Button>
        )
      }
    >
      <Loaded query={webhook} rows={5} title="The webhook did not arrive">
        {(data) =>
          editing ? (
            <WebhookForm trunk={trunk} webhook={data ?? undefined} close={editingIs.close} />
          ) : data ? (
            <SetUp trunk={trunk} webhook={data} />
          ) : (
            <Empty
              title={overSip ? "Its calls come over SIP" : "No calls come in yet"}
              action={may.operate && <Button onClick={editingIs.open}>Take calls by webhook</Button>}
            >
              Twilio, SignalWire and Telnyx can ask this server over HTTPS what to do with each call{overSip && " instead"}, with the
              same call flows.
            </Empty>
          )
        }
      </Loaded>
    </Card>
  );
}

function SetUp({ trunk, webhook }: { trunk: Trunk; webhook: Webhook }) {
  const may = useMay();
  const words = carrierWords(webhook.dialect);
  const heard = heardOf(webhook);
  const refused = heard.tone === "bad";
  return (
    <div className="pad stack">
      {!webhook.call_url.startsWith("https://") && (
        <div className="note warn" role="note">
          <Icon name="warn" />
          <div className="grow">
            <div className="med">{words.name} cannot reach this address</div>
            <div className="small soft">
              Carriers want https and a name that the whole Internet knows. Set public_url in the server's configuration.
            </div>
          </div>
        </div>
      )}
      <ol className="entries" aria-label={`What to enter at ${words.name}`}>
        <li>
          <span>{words.where}</span>
        </li>
        <Entry field={words.callField} url={webhook.call_url} label="Copy the call address" />
        <Entry field={words.statusField} url={webhook.status_url} label="Copy the status address" />
        <li>
          <span>Call the number. What comes is shown below within seconds.</span>
        </li>
      </ol>
      <div role="status" aria-label="The last webhook">
        <StateWord tone={heard.tone}>
          {heard.word}
          {heard.at !== null && (
            <span className="dim">
              {" "}
              <Ago at={heard.at} />
            </span>
          )}
        </StateWord>
        {refused && <p className="small soft break">{webhook.last_refused_because}</p>}
        {refused && webhook.last_believed_at != null && (
          <p className="small dim">
            The one before it that was right came <Ago at={webhook.last_believed_at} />.
          </p>
        )}
      </div>
      <dl className="facts">
        <dt>Carrier</dt>
        <dd>{words.name}</dd>
        <dt>{words.account}</dt>
        <dd>{webhook.account_sid}</dd>
        <dt>{words.signingKey}</dt>
        <dd className="dim">stored, never shown</dd>
      </dl>
      {may.operate && <Forget trunk={trunk} />}
    </div>
  );
}

function Entry({ field, url, label }: { field: string; url: string; label: string }) {
  return (
    <li>
      <div>
        <span className="med">{field}</span>
        <div className="entry">
          <code>{url}</code>
          <CopyButton text={url} aria-label={label} />
        </div>
      </div>
    </li>
  );
}

function Forget({ trunk }: { trunk: Trunk }) {
  const queries = useQueryClient();
  const [asking, askingIs] = useDisclosure(false);
  return (
    <div>
      <Button className="danger" size="xs" onClick={askingIs.open}>
        Take no calls by webhook
      </Button>
      <Confirm
        opened={asking}
        close={askingIs.close}
        title="Take no more calls by webhook?"
        act="Take none"
        run={() => take(api.DELETE("/api/v1/trunks/{id}/webhook", { params: { path: { id: trunk.id } } }))}
        done={() => {
          for (const key of [["trunk", trunk.id], ["trunks"]]) void queries.invalidateQueries({ queryKey: key });
        }}
      >
        Calls that the carrier hands over so are refused from then on, and the stored keys are forgotten.
      </Confirm>
    </div>
  );
}

function WebhookForm({ trunk, webhook, close }: { trunk: Trunk; webhook?: Webhook; close: () => void }) {
  const queries = useQueryClient();
  const form = useForm({
    start: {
      dialect: (webhook?.dialect ?? "twilio") as Dialect,
      account_sid: webhook?.account_sid ?? "",
      signing_key: "",
      api_token: "",
    },
    check: (values) => ({
      account_sid: values.account_sid.trim() ? undefined : `Write the ${carriers[values.dialect].account}`,
      signing_key:
        values.signing_key.trim() || webhook?.dialect === values.dialect
          ? undefined
          : `Write the ${carriers[values.dialect].signingKey.toLowerCase()}`,
    }),
    send: (values) =>
      take(
        api.PUT("/api/v1/trunks/{id}/webhook", {
          params: { path: { id: trunk.id } },
          body: {
            dialect: values.dialect,
            account_sid: values.account_sid.trim(),
            signing_key: values.signing_key.trim() || undefined,
            api_token: values.api_token.trim() || undefined,
          },
        }),
      ),
    done: () => {
      for (const key of [["trunk", trunk.id], ["trunks"]]) void queries.invalidateQueries({ queryKey: key });
      close();
    },
  });
  const words = carriers[form.values.dialect];
  return (
    <form className="form pad" onSubmit={form.submit} noValidate>
      <SegmentedControl
        aria-label="Carrier"
        value={form.values.dialect}
        onChange={(dialect) => form.set("dialect", dialect as Dialect)}
        data={dialects.map((value) => ({ value, label: carriers[value].name }))}
      />
      <TextInput
        label={words.account}
        description={words.accountHint}
        autoComplete="off"
        {...form.text("account_sid")}
      />
      <PasswordInput
        label={words.signingKey}
        description={webhook ? "Empty leaves the stored one as it is" : words.signingHint}
        autoComplete="new-password"
        {...form.text("signing_key")}
      />
      {form.values.dialect === "signalwire" && (
        <PasswordInput
          label="API token for recordings"
          description={webhook?.has_api_token ? "Empty leaves the stored one as it is" : "With the scope Voice"}
          autoComplete="new-password"
          {...form.text("api_token")}
        />
      )}
      {form.failure && (
        <p className="bad" role="alert">
          {form.failure}
        </p>
      )}
      <div className="actions">
        <Button type="submit" variant="filled" loading={form.busy}>
          Save
        </Button>
        <Button variant="subtle" onClick={close}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
