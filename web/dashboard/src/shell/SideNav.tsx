// The side navigation: places by group, and at its foot the account with its menu.

import { Menu } from "@mantine/core";
import { Link, useLocation } from "wouter";
import { initials } from "../base/figures";
import { useLive } from "../features/call/live";
import { useMe, useSignOut, useSwitchAccount } from "../features/access/session";
import { sentence } from "../features/call/words";
import { Icon, Logo } from "../parts/Icon";
import { groups, lies } from "./navigation";

export function SideNav({ inDrawer, went }: { inDrawer?: boolean; went?: () => void }) {
  const [address] = useLocation();
  const live = useLive();
  return (
    <nav className={inDrawer ? "side in-drawer" : "side"} aria-label="Main">
      <Link className="brand" href="/live" onClick={went}>
        <Logo />
        Trunkline
      </Link>
      {groups.map((group) => (
        <div key={group.name ?? "first"}>
          {group.name && <h2>{group.name}</h2>}
          {group.places.map((place) => (
            <Link
              key={place.path}
              className="nav"
              href={place.path}
              onClick={went}
              aria-current={lies(address, place.path) ? "page" : undefined}
            >
              <Icon name={place.icon} />
              {place.name}
              {place.path === "/live" && live.calls.length > 0 && (
                <span className="count" aria-label={`${live.calls.length} in progress`}>
                  {live.calls.length}
                </span>
              )}
            </Link>
          ))}
        </div>
      ))}
      <div className="foot">
        <AccountMenu />
      </div>
    </nav>
  );
}

function AccountMenu() {
  const me = useMe();
  const switchTo = useSwitchAccount();
  const signOut = useSignOut();
  const others = me.memberships.filter((membership) => membership.account.id !== me.account.id);
  return (
    <Menu position="top-start" width={192}>
      <Menu.Target>
        <button type="button" className="who" aria-label={`Account ${me.account.name}, menu`}>
          <span className="avatar" aria-hidden="true">
            {initials(me.account.name)}
          </span>
          <span className="grow">
            <span className="med cut block" style={{ lineHeight: "16px" }}>
              {me.account.name}
            </span>
            <span className="dim small cut block" title={`${me.user.name || me.user.email}, ${me.role}`}>
              {me.user.name || me.user.email}
            </span>
          </span>
          <span className="dim">
            <Icon name="up" />
          </span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {others.length > 0 && <Menu.Label>Go to another account</Menu.Label>}
        {others.map((membership) => (
          <Menu.Item key={membership.account.id} onClick={() => void switchTo(membership.account.id)}>
            {membership.account.name} <span className="dim">{sentence(membership.role).toLowerCase()}</span>
          </Menu.Item>
        ))}
        {others.length > 0 && <Menu.Divider />}
        <Menu.Item component={Link} href="/settings" leftSection={<Icon name="settings" />}>
          Settings
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="out" />} onClick={() => void signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
