// API keys: what programs use instead of a login. The whole key is shown once, when it is made.

import { Button, Checkbox, Modal, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Schema } from "@trunkline/api-client";
import { api, take } from "../../api/client";
import { Card } from "../../parts/Card";
import { Confirm } from "../../parts/Confirm";
import { CopyButton } from "../../parts/CopyButton";
import { useForm } from "../../parts/form";
import { Icon } from "../../parts/Icon";
import { Empty, Loaded } from "../../parts/Waiting";
import { Ago } from "../../parts/When";
import { useMay } from "./session";

type ApiKey = Schema<"ApiKey">;
type Scope = "read" | "write" | "recordings";

const key = ["api-keys"];
const scopes: { value: Scope; label: string }[] = [
  { value: "read", label: "Read everything except recordings" },
  { value: "write", label: "Change sites, numbers and pools" },
  { value: "recordings", label: "Listen to recordings" },
];
const scopeWords: Record<string, string> = { read: "read", write: "change", recordings: "recordings" };

export function ApiKeys() {
  const [adding, addingIs] = useDisclosure(false);
  const [made, setMade] = useState<ApiKey | null>(null);
  const may = useMay();
  const keys = useQuery({
    queryKey: key,
    queryFn: async () => (await take(api.GET("/api/v1/api-keys"))).items,
    enabled: may.own,
  });
  const add = (
    <Button size="xs" variant="filled" leftSection={<Icon name="plus" size={14} />} onClick={addingIs.open}>
      Make a key
    </Button>
  );
  if (!may.own)
    return <Empty title="API keys are the owner's">Only an owner of the account sees, makes and deletes keys.</Empty>;
  return (
    <div className="stack">
      {made?.key && <Made apiKey={made} secret={made.key} />}
      <Card title="API keys" lined right={keys.data?.length ? add : undefined}>
        <Loaded query={keys} rows={3} title="The keys did not arrive">
          {(items) =>
            items.length ? (
              <List keys={items} />
            ) : (
              <Empty
                title="No keys yet"
                action={
                  <Button variant="filled" onClick={addingIs.open}>
                    Make a key
                  </Button>
                }
              >
                A key lets a program read calls or change numbers without a login.
              </Empty>
            )
          }
        </Loaded>
      </Card>
      <Modal
        opened={adding}
        onClose={addingIs.close}
        title="Make an API key"
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <NewKey
          done={(made) => {
            addingIs.close();
            setMade(made);
          }}
        />
      </Modal>
    </div>
  );
}

function Made({ apiKey, secret }: { apiKey: ApiKey; secret: string }) {
  return (
    <div className="note ok" role="status">
      <Icon name="key" />
      <div className="grow">
        <div className="med">{apiKey.name}: copy it now, it is not shown again</div>
        <code className="break">{secret}</code>
      </div>
      <CopyButton text={secret} />
    </div>
  );
}

function NewKey({ done }: { done: (made: ApiKey) => void }) {
  const queries = useQueryClient();
  const form = useForm({
    start: { name: "", scopes: ["read"] as Scope[] },
    check: (values) => ({
      name: values.name.trim() ? undefined : "Write what it is for, such as Nightly export",
      scopes: values.scopes.length ? undefined : "Choose what it may do",
    }),
    send: ({ name, scopes: chosen }) =>
      take(api.POST("/api/v1/api-keys", { body: { name: name.trim(), scopes: chosen } })),
    done: (made) => {
      void queries.invalidateQueries({ queryKey: key });
      done(made);
    },
  });
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <TextInput label="What it is for" placeholder="Nightly export" data-autofocus {...form.text("name")} />
      <Checkbox.Group
        label="What it may do"
        value={form.values.scopes}
        onChange={(chosen) => form.set("scopes", chosen as Scope[])}
        error={form.message("scopes")}
      >
        <div className="stack close" style={{ gap: 8, marginTop: 4 }}>
          {scopes.map((scope) => (
            <Checkbox key={scope.value} value={scope.value} label={scope.label} />
          ))}
        </div>
      </Checkbox.Group>
      {form.failure && (
        <p className="bad" role="alert">
          {form.failure}
        </p>
      )}
      <div className="actions">
        <Button type="submit" variant="filled" loading={form.busy}>
          Make the key
        </Button>
      </div>
    </form>
  );
}

function List({ keys }: { keys: ApiKey[] }) {
  const queries = useQueryClient();
  const [doomed, setDoomed] = useState<ApiKey | null>(null);
  return (
    <>
      <ul className="rows">
        {keys.map((each) => (
          <li key={each.id}>
            <div className="row">
              <span className="two grow">
                <span className="med cut">{each.name}</span>
                <span className="sub">
                  <code>{each.prefix}…</code> {each.scopes.map((scope) => scopeWords[scope] ?? scope).join(", ")}
                </span>
              </span>
              <span className="small dim tel wide-only">
                {each.last_used_at ? (
                  <>
                    used <Ago at={each.last_used_at} />
                  </>
                ) : (
                  "never used"
                )}
                , made <Ago at={each.created_at} />
              </span>
              <Button size="xs" className="danger" onClick={() => setDoomed(each)}>
                Delete
              </Button>
            </div>
          </li>
        ))}
      </ul>
      <Confirm
        opened={doomed !== null}
        close={() => setDoomed(null)}
        title={`Delete ${doomed?.name ?? "the key"}?`}
        act="Delete the key"
        run={() => take(api.DELETE("/api/v1/api-keys/{id}", { params: { path: { id: doomed?.id ?? "" } } }))}
        done={() => void queries.invalidateQueries({ queryKey: key })}
      >
        Programs that use it are refused at once.
      </Confirm>
    </>
  );
}
