// A choice of a stored sound, heard beside it.

import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { promptsQuery } from "./prompts";
import { Sound } from "./Sound";

type SoundSelectProps = {
  label: string;
  /** Whether the label stands above the field. */
  visible?: boolean;
  value: string | undefined;
  set: (prompt: string) => void;
};

export function SoundSelect({ label, visible, value, set }: SoundSelectProps) {
  const prompts = useQuery(promptsQuery());
  const items = prompts.data ?? [];
  const chosen = items.find((prompt) => prompt.id === value);
  const gone = value && prompts.data && !chosen;
  return (
    <div className="stack close">
      <div className="row sound-choice">
        <Select
          label={visible ? label : undefined}
          aria-label={label}
          style={{ flex: 1 }}
          data={items.map((prompt) => ({ value: prompt.id, label: prompt.name }))}
          value={chosen?.id ?? null}
          searchable
          allowDeselect={false}
          placeholder="Choose a sound"
          nothingFoundMessage="No such sound"
          error={gone ? "This sound is gone; choose another" : value ? undefined : "Choose a sound"}
          onChange={(id) => id && set(id)}
        />
        {chosen && <Sound key={chosen.id} id={chosen.id} name={chosen.name} />}
      </div>
      {prompts.data?.length === 0 && (
        <p className="small dim">
          There are none yet. Add some under <Link href="/sounds">Sounds</Link>.
        </p>
      )}
    </div>
  );
}
