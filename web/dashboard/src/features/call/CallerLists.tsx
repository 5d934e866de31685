// The two lists of callers: who is always let through, and who never is.

import { Button, Modal, Select, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, take } from "../../api/client";
import { count } from "../../base/figures";
import { Card } from "../../parts/Card";
import { Confirm } from "../../parts/Confirm";
import { useForm } from "../../parts/form";
import { Icon } from "../../parts/Icon";
import { Badge } from "../../parts/State";
import { Empty, Failure, Lines } from "../../parts/Waiting";
import { Ago, At } from "../../parts/When";
import { useMay } from "../access/session";
import { entriesKey, screeningKey, type Screening, type ScreeningEntry } from "./screening";

/** Entries shown before "Show more". */
const PAGE = 50;
const DAY = 86_400_000;
const listChoices = [
  { value: "block", label: "Never let through" },
  { value: "allow", label: "Always let through" },
];
const endChoices = [
  { value: "", label: "Until removed" },
  { value: "1", label: "For a day" },
  { value: "7", label: "For a week" },
  { value: "30", label: "For 30 days" },
];

export function CallerLists({ screening }: { screening: Screening }) {
  const may = useMay();
  const [adding, addingIs] = useDisclosure(false);
  const entries = useInfiniteQuery({
    queryKey: entriesKey,
    queryFn: ({ pageParam }) =>
      take(api.GET("/api/v1/screening/entries", { params: { query: { limit: PAGE, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const items = entries.data?.pages.flatMap((page) => page.items) ?? [];
  const add = may.write && (
    <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={addingIs.open}>
      Add a caller
    </Button>
  );
  return (
    <Card
      title="Lists of callers"
      lined
      right={
        items.length > 0 && (
          <span className="row">
            {count(screening.entries)} of {count(screening.entries_max)}
            <Button
              size="xs"
              component="a"
              href="/api/v1/screening/entries.csv"
              download
              leftSection={<Icon name="download" size={14} />}
            >
              CSV
            </Button>
            {add}
          </span>
        )
      }
    >
      {entries.isError && (
        <Failure
          title="The lists did not arrive"
          error={entries.error}
          retry={() => void entries.refetch()}
          busy={entries.isFetching}
        />
      )}
      {entries.isPending && <Lines rows={3} />}
      {entries.isSuccess && items.length === 0 && (
        <Empty title="Nobody is on a list" action={add}>
          Put callers here who are always let through, or never. The menu of a call does the same for its caller.
        </Empty>
      )}
      {items.length > 0 && <List entries={items} />}
      {entries.hasNextPage && (
        <div className="pad">
          <Button size="xs" loading={entries.isFetchingNextPage} onClick={() => void entries.fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
      <Modal
        opened={adding}
        onClose={addingIs.close}
        title="Add a caller"
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <NewEntry done={addingIs.close} />
      </Modal>
    </Card>
  );
}

/** What a change of the lists makes stale; calls tell on which list their caller is. */
export function useListsChanged(): () => void {
  const queries = useQueryClient();
  return () => {
    void queries.invalidateQueries({ queryKey: screeningKey });
    void queries.invalidateQueries({ queryKey: ["call"] });
  };
}

function List({ entries }: { entries: ScreeningEntry[] }) {
  const may = useMay();
  const changed = useListsChanged();
  const [doomed, setDoomed] = useState<ScreeningEntry | null>(null);
  return (
    <>
      <ul className="rows">
        {entries.map((entry) => (
          <li key={entry.id}>
            <div className="row">
              <span className="two grow">
                <span className="med tel">{entry.caller_display}</span>
                <span className="sub break">
                  {entry.note ? `${entry.note}, ` : ""}
                  {entry.added_by ? `by ${entry.added_by} ` : "by a program "}
                  <Ago at={entry.added_at} />
                  {entry.expires_at && (
                    <>
                      , until <At at={entry.expires_at} />
                    </>
                  )}
                </span>
              </span>
              <Badge tone={entry.list === "allow" ? "ok" : "bad"}>
                {entry.list === "allow" ? "Let through" : "Blocked"}
              </Badge>
              {may.write && (
                <Button
                  size="xs"
                  aria-label={`Remove ${entry.caller_display} from its list`}
                  onClick={() => setDoomed(entry)}
                >
                  Remove
                </Button>
              )}
            </div>
          </li>
        ))}
      </ul>
      <Confirm
        opened={doomed !== null}
        close={() => setDoomed(null)}
        title={`Take ${doomed?.caller_display ?? "the caller"} off the list?`}
        act="Remove"
        run={() => take(api.DELETE("/api/v1/screening/entries/{id}", { params: { path: { id: doomed?.id ?? "" } } }))}
        done={changed}
      >
        The next call is judged by the other rules.
      </Confirm>
    </>
  );
}

function NewEntry({ done }: { done: () => void }) {
  const changed = useListsChanged();
  const form = useForm({
    start: { list: "block", caller: "", note: "", days: "" },
    check: ({ caller }) => ({
      caller: caller.trim() ? undefined : "Write a number, or the beginning of some such as +1900*",
    }),
    send: ({ list, caller, note, days }) =>
      take(
        api.POST("/api/v1/screening/entries", {
          body: {
            list,
            caller: caller.trim(),
            note: note.trim(),
            expires_at: days ? Date.now() + Number(days) * DAY : null,
          },
        }),
      ),
    done: () => {
      changed();
      done();
    },
  });
  const { values, set } = form;
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <TextInput
        label="Caller"
        description="A number, or the beginning of many, such as +1900*"
        placeholder="(214) 555-0187"
        data-autofocus
        {...form.text("caller")}
      />
      <div className="pair">
        <Select
          label="What happens"
          data={listChoices}
          value={values.list}
          allowDeselect={false}
          onChange={(list) => list && set("list", list)}
        />
        <Select
          label="How long"
          data={endChoices}
          value={values.days}
          allowDeselect={false}
          onChange={(days) => set("days", days ?? "")}
        />
      </div>
      <TextInput label="Note" placeholder="Sells windows" maxLength={200} {...form.text("note")} />
      {form.failure && (
        <p className="bad" role="alert">
          {form.failure}
        </p>
      )}
      <div className="actions">
        <Button type="submit" variant="filled" loading={form.busy}>
          Add
        </Button>
      </div>
    </form>
  );
}
