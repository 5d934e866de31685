// A page of the dashboard: its title in the top bar and in the window, what can be done at the right, its content.

import { ActionIcon, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { createContext, useContext, useEffect, type ReactNode } from "react";
import { Link } from "wouter";
import { clockMinutes, zoneName } from "../base/time";
import { useZone } from "../features/access/session";
import { Icon } from "../parts/Icon";
import { useNow } from "../parts/now";

/** What the shell lends to the top bar of every page. */
export const ShellContext = createContext<{ openMenu: () => void; openPalette: () => void }>({
  openMenu: () => {},
  openPalette: () => {},
});

type PageProps = {
  title: string;
  /** The page above this one, shown before the title. */
  above?: { name: string; path: string };
  /** What stands right after the title, such as its state. */
  beside?: ReactNode;
  actions?: ReactNode;
  /** A page that fills the window itself, without edges. */
  bare?: boolean;
  children: ReactNode;
};

export function Page({ title, above, beside, actions, bare, children }: PageProps) {
  const shell = useContext(ShellContext);
  useEffect(() => {
    document.title = `${title} - Trunkline`;
  }, [title]);
  return (
    <>
      <div className="top">
        <span className="narrow-only">
          <ActionIcon size={32} aria-label="Open navigation" onClick={shell.openMenu}>
            <Icon name="menu" />
          </ActionIcon>
        </span>
        <h1>
          {above && (
            <span className="crumb wide-only">
              <Link className="crumb" href={above.path}>
                {above.name}
              </Link>{" "}
              /{" "}
            </span>
          )}
          {title}
        </h1>
        {beside}
        <div className="tail">
          <button type="button" className="find wide-only" onClick={shell.openPalette}>
            <Icon name="search" />
            Search or go to<kbd>Ctrl K</kbd>
          </button>
          {actions}
          <Clock />
          <SchemeToggle />
        </div>
      </div>
      <div className={bare ? "page bare" : "page"} id="content" tabIndex={-1}>
        {children}
      </div>
    </>
  );
}

function Clock() {
  const zone = useZone();
  const now = useNow(60_000);
  return (
    <span className="dim small wide-only" title={`Account time zone: ${zone}`} style={{ whiteSpace: "nowrap" }}>
      {clockMinutes(now, zone)} {zoneName(zone)}
    </span>
  );
}

export function SchemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const next = scheme === "dark" ? "light" : "dark";
  return (
    <ActionIcon
      size={32}
      aria-label={`Switch to ${next}`}
      title={`Switch to ${next}`}
      onClick={() => setColorScheme(next)}
    >
      <Icon name={scheme === "dark" ? "sun" : "moon"} />
    </ActionIcon>
  );
}
