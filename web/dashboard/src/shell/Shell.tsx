// The frame around every signed-in page: navigation at the side, on a phone behind a menu, and the palette.

import { Drawer } from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import { lazy, Suspense, useMemo, type ReactNode } from "react";
import { scrim } from "../theme/theme";
import { ShellContext } from "./Page";
import { SideNav } from "./SideNav";

const Palette = lazy(() => import("./Palette"));

export function Shell({ children }: { children: ReactNode }) {
  const [menu, menuIs] = useDisclosure(false);
  const [palette, paletteIs] = useDisclosure(false);
  useHotkeys([["mod+K", paletteIs.open]], []);
  const lent = useMemo(() => ({ openMenu: menuIs.open, openPalette: paletteIs.open }), [menuIs.open, paletteIs.open]);
  return (
    <ShellContext value={lent}>
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <div className="shell">
        <SideNav />
        <main>{children}</main>
      </div>
      <Drawer.Root opened={menu} onClose={menuIs.close} size={248} transitionProps={{ duration: 120 }}>
        <Drawer.Overlay {...scrim} />
        <Drawer.Content aria-label="Navigation">
          <SideNav inDrawer went={menuIs.close} />
        </Drawer.Content>
      </Drawer.Root>
      {palette && (
        <Suspense>
          <Palette close={paletteIs.close} />
        </Suspense>
      )}
    </ShellContext>
  );
}
