// Lists of numbers, ZIP codes, hashes and texts that filters and suppressions name: filled from a file, looked into, renamed.

import { Button, Checkbox, FileInput, Select, Textarea, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, take, words } from "../../api/client";
import { bytes, count, plural } from "../../base/figures";
import { Confirm } from "../../parts/Confirm";
import { useForm } from "../../parts/form";
import { Icon } from "../../parts/Icon";
import { RenameDialog } from "../../parts/RenameDialog";
import { RowMenu } from "../../parts/RowMenu";
import { Scroll } from "../../parts/Scroll";
import { Empty, Loaded } from "../../parts/Waiting";
import { Ago } from "../../parts/When";
import { Page } from "../../shell/Page";
import { useMay } from "../access/session";
import { usesOf } from "./compliance";
import { asKept, fillList, isCsv, type BadItems } from "./fillList";
import { FormDialog, FormFoot } from "./parts";
import { at, listsQuery, useRefresh, type ItemList } from "./queries";
import { listKinds } from "./words";

const kindOf = (kind: string) => listKinds.find((each) => each.value === kind);

export default function ListsPage() {
  const [adding, addingIs] = useDisclosure(false);
  const [filling, setFilling] = useState<ItemList | null>(null);
  const may = useMay();
  const lists = useQuery(listsQuery());
  const add = (
    <Button size="xs" variant="filled" leftSection={<Icon name="plus" size={14} />} onClick={addingIs.open}>
      Add list
    </Button>
  );
  return (
    <Page title="Lists" actions={lists.data?.length && may.write ? add : undefined}>
      <section className="card" aria-label="Lists">
        <Loaded query={lists} title="The lists did not arrive">
          {(items) =>
            items.length ? (
              <Table lists={items} fill={setFilling} />
            ) : (
              <Empty
                title="No lists yet"
                action={
                  may.write && (
                    <Button variant="filled" onClick={addingIs.open}>
                      Add the first list
                    </Button>
                  )
                }
              >
                A list holds up to a million phone numbers, ZIP codes, hashes or texts. Filters ask whether something is in it,
                people on a suppression list are never offered to its buyer, and those on a do-not-call list to nobody.
              </Empty>
            )
          }
        </Loaded>
      </section>
      <FormDialog opened={adding} close={addingIs.close} title="Add a list">
        <NewList
          done={(made) => {
            addingIs.close();
            setFilling(made);
          }}
          cancel={addingIs.close}
        />
      </FormDialog>
      <FormDialog opened={filling !== null} close={() => setFilling(null)} title={`Fill ${filling?.name ?? "the list"}`} size={560}>
        {filling && <Fill list={filling} close={() => setFilling(null)} />}
      </FormDialog>
    </Page>
  );
}

function NewList({ done, cancel }: { done: (made: ItemList) => void; cancel: () => void }) {
  const refresh = useRefresh();
  const form = useForm({
    start: { name: "", kind: "numbers" },
    check: (values) => ({ name: values.name.trim() ? undefined : "Write a name, such as Do not call" }),
    send: async (values) => {
      const made = await take(api.POST("/api/v1/lists", { body: { name: values.name.trim(), kind: values.kind } }));
      await refresh();
      return made;
    },
    done,
  });
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <TextInput label="Name" placeholder="Do not call" data-autofocus {...form.text("name")} />
      <Select
        label="Holds"
        description={`Stays what it is. One looks like ${kindOf(form.values.kind)?.hint ?? ""}.`}
        data={listKinds.map(({ value, label }) => ({ value, label }))}
        value={form.values.kind}
        allowDeselect={false}
        onChange={(kind) => kind && form.set("kind", kind)}
        error={form.message("kind")}
      />
      <FormFoot failure={form.failure} busy={form.busy} act="Add the list" close={cancel} />
    </form>
  );
}

function Table({ lists, fill }: { lists: ItemList[]; fill: (list: ItemList) => void }) {
  const refresh = useRefresh();
  const may = useMay();
  const [doomed, setDoomed] = useState<ItemList | null>(null);
  const [naming, setNaming] = useState<ItemList | undefined>(undefined);
  const [looking, setLooking] = useState<ItemList | null>(null);
  const acts = (list: ItemList) => (
    <RowMenu
      about={list.name}
      acts={[
        may.write && { icon: "download", label: "Fill from a file", run: () => fill(list) },
        { icon: "search", label: "Is something in it?", run: () => setLooking(list) },
        {
          icon: "copy",
          label: "See all items",
          run: () => window.open(`/api/v1/lists/${list.id}/items`, "_blank", "noopener"),
        },
        may.write && { icon: "edit", label: "Rename", run: () => setNaming(list) },
        may.write && { icon: "trash", label: "Delete", run: () => setDoomed(list) },
      ]}
    />
  );
  return (
    <>
      <Scroll className="wide-only">
        <table className="t">
          <thead>
            <tr>
              <th className="fix" scope="col">
                List
              </th>
              <th scope="col">Holds</th>
              <th scope="col" className="num">
                Items
              </th>
              <th scope="col">Used for</th>
              <th scope="col">Filled</th>
              <th scope="col">
                <span className="sr">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {lists.map((list) => (
              <tr key={list.id}>
                <td className="fix med">{list.name}</td>
                <td className="soft">{kindOf(list.kind)?.label ?? list.kind}</td>
                <td className="num">{count(list.items)}</td>
                <td className="soft">
                  <Uses list={list} />
                </td>
                <td className="soft">{list.filled_at ? <Ago at={list.filled_at} /> : "never"}</td>
                <td className="num">{acts(list)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <ul className="rows narrow-only">
        {lists.map((list) => (
          <li key={list.id}>
            <div className="row">
              <span className="two grow">
                <span className="med cut">{list.name}</span>
                <span className="sub cut">
                  {kindOf(list.kind)?.label ?? list.kind}, {plural(list.items, "item")}
                </span>
                {list.uses > 0 && (
                  <span className="sub">
                    <Uses list={list} />
                  </span>
                )}
              </span>
              {acts(list)}
            </div>
          </li>
        ))}
      </ul>
      <Confirm
        opened={doomed !== null}
        close={() => setDoomed(null)}
        title={`Delete ${doomed?.name ?? "the list"}?`}
        act="Delete the list"
        run={() => take(api.DELETE("/api/v1/lists/{id}", { params: at(doomed?.id ?? "") }))}
        done={() => void refresh()}
      >
        Its {plural(doomed?.items ?? 0, "item")} go with it. A list that is used cannot be deleted.
      </Confirm>
      <RenameDialog
        named={naming}
        opened={naming !== undefined}
        close={() => setNaming(undefined)}
        title="Rename the list"
        example="Do not call"
        save={(name) => take(api.PATCH("/api/v1/lists/{id}", { params: at(naming?.id ?? ""), body: { name } }))}
        done={() => void refresh()}
      />
      <FormDialog opened={looking !== null} close={() => setLooking(null)} title={`Is it in ${looking?.name ?? "the list"}?`}>
        {looking && <Look list={looking} />}
      </FormDialog>
    </>
  );
}

function Uses({ list }: { list: ItemList }) {
  const uses = usesOf(list);
  if (!uses.length) return <>nothing</>;
  return (
    <>
      {uses.map((use) => (
        <span key={use} className="block">
          {use}
        </span>
      ))}
    </>
  );
}

function Look({ list }: { list: ItemList }) {
  const form = useForm({
    start: { item: "" },
    check: (values) => ({ item: values.item.trim() ? undefined : `Write one, such as ${kindOf(list.kind)?.hint ?? ""}` }),
    send: (values) =>
      take(
        api.GET("/api/v1/lists/{id}/contains", { params: { ...at(list.id), query: { item: asKept(list.kind, values.item) } } }),
      ),
  });
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <TextInput label="Item" placeholder={kindOf(list.kind)?.hint} data-autofocus {...form.text("item")} />
      {form.result && (
        <p role="status" className={form.result.contains ? "ok" : "soft"}>
          {form.result.contains ? "It is in the list." : "It is not in the list."}
        </p>
      )}
      <FormFoot failure={form.failure} busy={form.busy} act="Look" />
    </form>
  );
}

function Fill({ list, close }: { list: ItemList; close: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [text, setText] = useState("");
  const [header, setHeader] = useState(false);
  const refresh = useRefresh();
  const csv = file ? isCsv(file) : false;
  const filling = useMutation({
    mutationFn: () => fillList(list.id, file ?? text, { csv, header: header && file !== null }),
    onSuccess: async (answer) => {
      if ("list" in answer) await refresh();
    },
  });
  const answer = filling.data;
  if (answer && "list" in answer) {
    return (
      <div className="stack close">
        <p role="status" className="ok">
          {list.name} holds {plural(answer.list.items, "different item")} now.
        </p>
        <div>
          <Button onClick={close}>Close</Button>
        </div>
      </div>
    );
  }
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        filling.mutate();
      }}
    >
      <p className="small soft">
        What it holds now is replaced. All items are taken, or none: what cannot be read is named with its line.
        {list.kind === "hashes" && " A number's hash is that of its E.164 form, such as +12145550187, the plus sign included."}
      </p>
      <FileInput
        label="File"
        description="A text with an item on each line, or CSV of which the first column counts; up to a million items."
        placeholder="Choose a file"
        accept=".txt,.csv,text/plain,text/csv"
        clearable
        clearButtonProps={{ "aria-label": "Take the file out" }}
        value={file}
        onChange={setFile}
      />
      {file ? (
        <>
          <p className="small dim">
            {file.name}, {bytes(file.size)}
          </p>
          <Checkbox
            label="The first line names the columns"
            checked={header}
            onChange={(event) => setHeader(event.currentTarget.checked)}
          />
        </>
      ) : (
        <Textarea
          label="Or write them here, one on each line"
          placeholder={kindOf(list.kind)?.hint}
          autosize
          minRows={4}
          maxRows={12}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      )}
      {answer && <Bad bad={answer} />}
      <FormFoot
        failure={filling.isError ? words(filling.error) : null}
        busy={filling.isPending}
        act={file || text.trim() ? "Replace its items" : "Empty the list"}
        close={close}
      />
    </form>
  );
}

const SHOWN = 8;

function Bad({ bad }: { bad: BadItems }) {
  return (
    <div className="bad small" role="alert">
      <p className="med">Nothing was changed: some items cannot be read.</p>
      <ul>
        {bad.problems.slice(0, SHOWN).map((problem, i) => (
          <li key={i}>
            {problem.place}: {problem.message}
          </li>
        ))}
      </ul>
      {bad.problems.length > SHOWN && <p>and {bad.problems.length - SHOWN} more</p>}
    </div>
  );
}
