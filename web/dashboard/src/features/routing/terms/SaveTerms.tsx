// A drawer that edits a document with versions: its form in the middle, and at the foot whether it is in force at once or
// from a time on.

import { ActionIcon, Button, Drawer, SegmentedControl, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { api, Refused, take, words } from "../../../api/client";
import { instantOf, localMinute, zoneName } from "../../../base/time";
import { Icon } from "../../../parts/Icon";
import { scrim } from "../../../theme/theme";
import { useZone } from "../../access/session";
import { at, sent, useRefresh, type Terms } from "../queries";
import { placeWords } from "./places";

type SaveProps<D extends object> = {
  title: string;
  terms: Terms<D>;
  opened: boolean;
  close: () => void;
  /** What it says while nothing was ever said. */
  empty: D;
  /** What keeps a document from being sent, in words. */
  check?: (document: D) => string | undefined;
  children: (document: D, set: (document: D) => void) => ReactNode;
};

export function SaveTerms<D extends object>(props: SaveProps<D>) {
  const { title, opened, close } = props;
  return (
    <Drawer.Root opened={opened} onClose={close} position="right" size={720} transitionProps={{ duration: 160 }}>
      <Drawer.Overlay {...scrim} />
      <Drawer.Content aria-label={title}>
        <div className="drawer-head">
          <div className="row">
            <h2 tabIndex={-1} data-autofocus>
              {title}
            </h2>
            <span className="grow" />
            <ActionIcon aria-label="Close" title="Close (Esc)" onClick={close}>
              <Icon name="close" />
            </ActionIcon>
          </div>
        </div>
        {opened && <Inside key={`${props.terms.id} ${props.terms.newest}`} {...props} />}
      </Drawer.Content>
    </Drawer.Root>
  );
}

function Inside<D extends object>({ terms, close, empty, check, children }: SaveProps<D>) {
  const zone = useZone();
  const refresh = useRefresh();
  // A version to come is gone on with: what is saved takes its place.
  const [document, setDocument] = useState<D>((terms.staged ?? terms.live)?.document ?? empty);
  const [later, setLater] = useState(false);
  const [minute, setMinute] = useState(() => localMinute(Date.now() + 24 * 3_600_000, zone));
  const live_at = later ? instantOf(minute, zone) : undefined;
  const saving = useMutation({
    mutationFn: () =>
      take(
        api.PUT("/api/v1/terms/{id}", {
          params: at(terms.id),
          body: { seen: terms.newest, document: sent(document), ...(live_at ? { live_at } : {}) },
        }),
      ),
    onSuccess: async () => {
      await refresh();
      close();
    },
  });
  const problem = check?.(document);
  const refused = saving.error instanceof Refused ? saving.error : null;
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!problem) saving.mutate();
      }}
    >
      <div className="drawer-in parts">
        {children(document, setDocument)}
      </div>
      <div className="drawer-foot">
        {saving.isError && (
          <div className="bad small" role="alert">
            {refused?.problems.length ? (
              <ul>
                {refused.problems.map((each, i) => (
                  <li key={i}>
                    {placeWords(each.place)}: {each.message}
                  </li>
                ))}
              </ul>
            ) : (
              words(saving.error)
            )}
          </div>
        )}
        {!saving.isError && problem && <p className="bad small">{problem}.</p>}
        <div className="row wrap">
          <SegmentedControl
            aria-label="When it is in force"
            value={later ? "later" : "now"}
            data={[
              { value: "now", label: "At once" },
              { value: "later", label: "From a time on" },
            ]}
            onChange={(next) => setLater(next === "later")}
          />
          {later && (
            <TextInput
              type="datetime-local"
              aria-label={`In force from, ${zoneName(zone)} time`}
              value={minute}
              onChange={(event) => setMinute(event.currentTarget.value)}
              error={live_at === undefined ? "Write a time" : undefined}
            />
          )}
          <span className="grow" />
          <Button variant="subtle" onClick={close}>
            Cancel
          </Button>
          <Button
            type="submit"
            variant="filled"
            loading={saving.isPending}
            disabled={problem !== undefined || (later && live_at === undefined)}
          >
            {later ? "Save for then" : "Save"}
          </Button>
        </div>
      </div>
    </form>
  );
}
