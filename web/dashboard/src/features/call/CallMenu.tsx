// What can be done about the caller of a call: block them, always let them through, or take that back.

import { ActionIcon, Menu } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { api, take, words } from "../../api/client";
import { Icon } from "../../parts/Icon";
import { useMay } from "../access/session";
import { useListsChanged } from "./CallerLists";
import type { CallDetail } from "./words";

type Wish = "block" | "allow" | "off";

export function CallMenu({ call }: { call: CallDetail }) {
  const may = useMay();
  const changed = useListsChanged();
  const act = useMutation({
    mutationFn: (wish: Wish) => send(call, wish),
    onSuccess: changed,
  });
  if (!may.write || !call.caller) return null;
  const { listed } = call;
  // An entry for many numbers is taken off on the page of the lists, where it is seen what else it is about.
  const own = listed?.caller === call.caller ? listed : null;
  return (
    <>
      {act.isError && (
        <span className="bad small" role="alert">
          {words(act.error)}
        </span>
      )}
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label="About this caller" title="About this caller" loading={act.isPending}>
            <Icon name="dots" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {listed?.list !== "block" && (
            <Menu.Item leftSection={<Icon name="bad" />} onClick={() => act.mutate("block")}>
              Block this caller
            </Menu.Item>
          )}
          {listed?.list !== "allow" && (
            <Menu.Item leftSection={<Icon name="check" />} onClick={() => act.mutate("allow")}>
              Always let through
            </Menu.Item>
          )}
          {own && (
            <Menu.Item leftSection={<Icon name="close" />} onClick={() => act.mutate("off")}>
              {own.list === "block" ? "Block no longer" : "Judge like others"}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
    </>
  );
}

async function send(call: CallDetail, wish: Wish): Promise<unknown> {
  switch (wish) {
    case "block":
      return take(api.POST("/api/v1/calls/{id}/block-caller", { params: { path: { id: call.id } }, body: {} }));
    case "allow":
      return take(api.POST("/api/v1/screening/entries", { body: { list: "allow", caller: call.caller ?? "" } }));
    case "off":
      return take(
        api.DELETE("/api/v1/screening/entries/{id}", { params: { path: { id: call.listed?.id ?? "" } } }),
      );
  }
}
