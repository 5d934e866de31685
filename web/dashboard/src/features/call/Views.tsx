// Views of the call log: the built-in ones with their counts, and those a person saved in this browser.

import { ActionIcon, Button, Popover, TextInput } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import type { Schema } from "@trunkline/api-client";
import { count } from "../../base/figures";
import { Icon } from "../../parts/Icon";
import { useStored } from "../../parts/stored";
import { builtInViews, type View } from "./filters";

const SAVED_MAX = 12;

export function Views({ search, counts }: { search: string; counts: Schema<"CallCounts"> | undefined }) {
  const [saved, setSaved] = useStored<View[]>("trunkline_call_views", []);
  const all = [...builtInViews, ...saved];
  const known = all.some((view) => view.search === search);
  return (
    <nav className="tabs bare" aria-label="Views">
      {all.map((view) => (
        <Link
          key={`${view.name} ${view.search}`}
          href={view.search ? `/calls?${view.search}` : "/calls"}
          aria-current={view.search === search ? "page" : undefined}
        >
          {view.name}
          {view.count && counts && <span className="n">{count(counts[view.count])}</span>}
        </Link>
      ))}
      {saved.some((view) => view.search === search) && (
        <ActionIcon
          aria-label="Forget this view"
          className="center"
          onClick={() => setSaved(saved.filter((view) => view.search !== search))}
        >
          <Icon name="close" size={12} />
        </ActionIcon>
      )}
      {!known && saved.length < SAVED_MAX && <SaveView save={(name) => setSaved([...saved, { name, search }])} />}
    </nav>
  );
}

function SaveView({ save }: { save: (name: string) => void }) {
  const [opened, setOpened] = useState(false);
  const [name, setName] = useState("");
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" width={248} trapFocus>
      <Popover.Target>
        <button type="button" onClick={() => setOpened(true)}>
          <Icon name="plus" />
          Save view
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault();
            if (name.trim()) {
              save(name.trim());
              setOpened(false);
            }
          }}
        >
          <TextInput
            label="Name of the view"
            value={name}
            maxLength={40}
            data-autofocus
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Button type="submit" size="xs" disabled={!name.trim()}>
            Save in this browser
          </Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
