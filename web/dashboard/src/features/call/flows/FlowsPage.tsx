// Call flows: what happens between the ring and the hang-up, which numbers and sites run it, and what is drafted.

import { Button, Modal, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import type { Schema } from "@trunkline/api-client";
import { flowsQuery } from "../../../api/lists";
import { useForm } from "../../../parts/form";
import { Confirm } from "../../../parts/Confirm";
import { Icon } from "../../../parts/Icon";
import { RenameDialog } from "../../../parts/RenameDialog";
import { RowMenu, type RowAct } from "../../../parts/RowMenu";
import { Scroll } from "../../../parts/Scroll";
import { StateWord } from "../../../parts/State";
import { Empty, Loaded } from "../../../parts/Waiting";
import { Ago } from "../../../parts/When";
import { Page } from "../../../shell/Page";
import { useMay, useZone } from "../../access/session";
import { archive, create, read, remove, saveDraft } from "./queries";
import { StartPicture } from "./StartPicture";
import { starts } from "./starts";
import { usedBy } from "./words";
import "./flow.css";

type Summary = Schema<"FlowSummary">;
type Asked = { what: "rename" | "archive" | "unarchive" | "delete"; flow: Summary } | null;

export default function FlowsPage() {
  const may = useMay();
  const flows = useQuery(flowsQuery());
  const [adding, addingIs] = useDisclosure(false);
  const [asked, setAsked] = useState<Asked>(null);
  const [away, setAway] = useState(false);
  const add = (
    <Button size="xs" variant="filled" leftSection={<Icon name="plus" size={14} />} onClick={addingIs.open}>
      New call flow
    </Button>
  );
  const put = flows.data?.filter((flow) => flow.archived_at) ?? [];
  return (
    <Page title="Call flows" actions={flows.data?.length && may.write ? add : undefined}>
      <section className="card" aria-label="Call flows">
        <Loaded query={flows} title="The call flows did not arrive">
          {(items) => {
            const shown = items.filter((flow) => away || !flow.archived_at);
            return shown.length ? (
              <List flows={shown} ask={setAsked} />
            ) : (
              <Empty
                title={items.length ? "All call flows are put away" : "No call flow yet"}
                action={
                  may.write && (
                    <Button variant="filled" onClick={addingIs.open}>
                      {items.length ? "New call flow" : "Draw the first one"}
                    </Button>
                  )
                }
              >
                Without one, a call rings the number's business line, then its second line. A call flow greets the caller,
                asks what it is about, keeps your opening hours, and takes a message when nobody can.
              </Empty>
            );
          }}
        </Loaded>
        {put.length > 0 && (
          <div className="foot">
            <Button size="xs" variant="subtle" onClick={() => setAway(!away)}>
              {away ? "Hide what is put away" : `Show ${put.length} put away`}
            </Button>
          </div>
        )}
      </section>
      <Modal
        opened={adding}
        onClose={addingIs.close}
        title="New call flow"
        size={640}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <NewFlow cancel={addingIs.close} />
      </Modal>
      <Dialogs asked={asked} close={() => setAsked(null)} />
    </Page>
  );
}

function NewFlow({ cancel }: { cancel: () => void }) {
  const [, go] = useLocation();
  const client = useQueryClient();
  const zone = useZone();
  const form = useForm({
    start: { name: "", from: starts[0]?.id ?? "" },
    check: (values) => ({ name: values.name.trim() ? undefined : "Write a name, such as Roofing Dallas" }),
    send: (values) => {
      const chosen = starts.find((start) => start.id === values.from) ?? starts[0];
      return create(values.name.trim(), chosen!.document(zone));
    },
    done: (flow) => {
      void client.invalidateQueries({ queryKey: ["flows"] });
      go(`/flows/${flow.id}`);
    },
  });
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <TextInput label="Name" placeholder="Roofing Dallas" data-autofocus {...form.text("name")} />
      <fieldset className="plain">
        <legend className="small soft">Begin with</legend>
        <div className="starts" role="radiogroup" aria-label="Begin with">
          {starts.map((start) => (
            <label key={start.id} className="start">
              <input
                type="radio"
                name="from"
                value={start.id}
                checked={form.values.from === start.id}
                onChange={() => form.set("from", start.id)}
              />
              <StartPicture document={start.document(zone)} />
              <span className="med">{start.name}</span>
              <span className="small soft">{start.means}</span>
            </label>
          ))}
        </div>
      </fieldset>
      {form.failure && (
        <p className="bad" role="alert">
          {form.failure}
        </p>
      )}
      <div className="actions">
        <Button type="submit" variant="filled" loading={form.busy}>
          Draw it
        </Button>
        <Button variant="subtle" onClick={cancel}>
          Cancel
        </Button>
        <span className="small dim">Calls run nothing of it before you publish it.</span>
      </div>
    </form>
  );
}

type ListProps = { flows: Summary[]; ask: (asked: Asked) => void };

function List({ flows, ask }: ListProps) {
  const [, go] = useLocation();
  const may = useMay();
  return (
    <>
      <Scroll className="wide-only">
        <table className="t">
          <thead>
            <tr>
              <th className="fix" scope="col">
                Call flow
              </th>
              <th scope="col">State</th>
              <th scope="col">Used by</th>
              <th scope="col">Published</th>
              <th scope="col">Made</th>
              <th scope="col">
                <span className="sr">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {flows.map((flow) => (
              <tr key={flow.id} className="to" onClick={() => go(`/flows/${flow.id}`)}>
                <td className="fix">
                  <Link className="cell med" href={`/flows/${flow.id}`}>
                    {flow.name}
                  </Link>
                </td>
                <td>
                  <Standing flow={flow} />
                </td>
                <td>{usedBy(flow.numbers, flow.sites) || <span className="dim">nothing</span>}</td>
                <td className="soft">
                  {flow.published_at ? <Ago at={flow.published_at} /> : <span className="dim">never</span>}
                </td>
                <td className="soft">
                  <Ago at={flow.created_at} />
                </td>
                <td className="num" onClick={(event) => event.stopPropagation()}>
                  {may.write && <Actions flow={flow} ask={ask} />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <ul className="rows narrow-only">
        {flows.map((flow) => (
          <li key={flow.id}>
            <div className="row">
              <Link className="grow plain-link" href={`/flows/${flow.id}`}>
                <span className="row between">
                  <span className="med cut">{flow.name}</span>
                  <span className="small">
                    <Standing flow={flow} />
                  </span>
                </span>
                <span className="small dim block">{usedBy(flow.numbers, flow.sites) || "used by nothing"}</span>
              </Link>
              {may.write && <Actions flow={flow} ask={ask} />}
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

function Standing({ flow }: { flow: Summary }) {
  if (flow.archived_at)
    return (
      <StateWord tone="off">
        <span className="soft">put away</span>
      </StateWord>
    );
  if (!flow.version)
    return (
      <StateWord tone="off">
        <span className="soft">draft, never published</span>
      </StateWord>
    );
  if (flow.changed) return <StateWord tone="warn">version {flow.version} is live, draft differs</StateWord>;
  return <StateWord tone="ok">version {flow.version} is live</StateWord>;
}

function Actions({ flow, ask }: { flow: Summary; ask: (asked: Asked) => void }) {
  const act = (icon: RowAct["icon"], label: string, what: NonNullable<Asked>["what"]): RowAct => ({
    icon,
    label,
    run: () => ask({ what, flow }),
  });
  const away = Boolean(flow.archived_at);
  return (
    <RowMenu
      about={flow.name}
      acts={[
        away && act("up", "Take out again", "unarchive"),
        !away && act("edit", "Rename", "rename"),
        !away && act("out", "Put away", "archive"),
        !flow.version && act("trash", "Delete", "delete"),
      ]}
    />
  );
}

function Dialogs({ asked, close }: { asked: Asked; close: () => void }) {
  const client = useQueryClient();
  const flow = asked?.flow;
  const done = () => void client.invalidateQueries({ queryKey: ["flows"] });
  const change = async (archived: boolean) => {
    const now = await read(flow?.id ?? "");
    await archive(now.id, now.edits, archived);
  };
  return (
    <>
      <RenameDialog
        opened={asked?.what === "rename"}
        close={close}
        title="Rename the call flow"
        named={flow}
        example="Roofing Dallas"
        save={async (name) => {
          const now = await read(flow?.id ?? "");
          return saveDraft(now.id, now.edits, name, now.draft);
        }}
        done={done}
      />
      <Confirm
        opened={asked?.what === "archive"}
        close={close}
        title={`Put ${flow?.name ?? "the flow"} away?`}
        act="Put it away"
        run={() => change(true)}
        done={done}
      >
        {flow && usedBy(flow.numbers, flow.sites)
          ? `${usedBy(flow.numbers, flow.sites)} still use it; choose another flow there first.`
          : "It leaves the lists, and its versions stay. It can be taken out again at any time."}
      </Confirm>
      <Confirm
        opened={asked?.what === "unarchive"}
        close={close}
        title={`Take ${flow?.name ?? "the flow"} out again?`}
        act="Take it out"
        run={() => change(false)}
        done={done}
      >
        Numbers and sites can use it again.
      </Confirm>
      <Confirm
        opened={asked?.what === "delete"}
        close={close}
        title={`Delete ${flow?.name ?? "the flow"}?`}
        act="Delete the flow"
        run={() => remove(flow?.id ?? "")}
        done={done}
      >
        It was never published, so no call ever ran it. It cannot be brought back.
      </Confirm>
    </>
  );
}
