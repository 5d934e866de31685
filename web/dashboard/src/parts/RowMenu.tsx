// The menu at the end of a row: what can be done with the thing the row is about.

import { ActionIcon, Menu } from "@mantine/core";
import { Icon, type IconName } from "./Icon";

export type RowAct = { icon: IconName; label: string; run: () => void };

/** Nothing when nothing can be done. */
export function RowMenu({ about, acts, busy }: { about: string; acts: (RowAct | false)[]; busy?: boolean }) {
  const there = acts.filter((act) => act !== false);
  if (there.length === 0) return null;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon aria-label={`Actions for ${about}`} loading={busy}>
          <Icon name="dots" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {there.map((act) => (
          <Menu.Item key={act.label} leftSection={<Icon name={act.icon} />} onClick={act.run}>
            {act.label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
