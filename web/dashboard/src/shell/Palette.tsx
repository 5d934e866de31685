// Search or go to: pages, sites, pools and numbers by name, and a caller's number in the call log.

import { Modal, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useId, useState, type KeyboardEvent } from "react";
import { useLocation } from "wouter";
import { numbersQuery, poolsQuery, sitesQuery } from "../api/lists";
import { digits } from "../base/figures";
import { Icon, type IconName } from "../parts/Icon";
import { places } from "./navigation";

type Found = { path: string; name: string; detail: string; icon: IconName };
const FOUND_MAX = 9;

export default function Palette({ close }: { close: () => void }) {
  const [, go] = useLocation();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const list = useId();
  const found = useFound(text).slice(0, FOUND_MAX);
  const open = (entry: Found | undefined) => {
    if (!entry) return;
    close();
    go(entry.path);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setAt(Math.min(at + 1, found.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Enter") open(found[at]);
    else return;
    event.preventDefault();
  };
  return (
    <Modal
      className="palette"
      opened
      onClose={close}
      withCloseButton={false}
      padding={0}
      size={520}
      yOffset={96}
      centered={false}
      aria-label="Search or go to"
    >
      <TextInput
        aria-label="Search or go to"
        placeholder="A page, a site, a number or a caller"
        value={text}
        size="md"
        variant="unstyled"
        px={8}
        py={4}
        data-autofocus
        role="combobox"
        aria-expanded
        aria-controls={list}
        aria-activedescendant={`${list}-${at}`}
        leftSection={<Icon name="search" />}
        onKeyDown={keys}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
      />
      <ul id={list} role="listbox" aria-label="Found" style={{ borderTop: "1px solid var(--line)", padding: 8 }}>
        {found.map((entry, i) => (
          <li
            key={entry.path}
            id={`${list}-${i}`}
            role="option"
            aria-selected={i === at}
            className="row found"
            onPointerEnter={() => setAt(i)}
            onClick={() => open(entry)}
          >
            <Icon name={entry.icon} />
            <span className="cut">{entry.name}</span>
            <span className="dim small grow cut num">{entry.detail}</span>
          </li>
        ))}
        {found.length === 0 && (
          <li className="pad dim" style={{ padding: 8 }}>
            Nothing has this name.
          </li>
        )}
      </ul>
    </Modal>
  );
}

function useFound(text: string): Found[] {
  const sites = useQuery(sitesQuery()).data ?? [];
  const pools = useQuery(poolsQuery()).data ?? [];
  const numbers = useQuery(numbersQuery()).data ?? [];
  const wanted = text.trim().toLowerCase();
  const wantedDigits = digits(wanted);
  const has = (...texts: string[]) => texts.some((each) => each.toLowerCase().includes(wanted));
  const byDigits = wantedDigits.length >= 3;
  return [
    ...places
      .filter((place) => has(place.name, place.words))
      .map((place) => ({ path: place.path, name: place.name, detail: "Page", icon: place.icon })),
    ...sites
      .filter((site) => wanted && has(site.name, ...site.hosts))
      .map((site) => ({
        path: `/sites/${site.id}`,
        name: site.name,
        detail: site.hosts[0] ?? "Site",
        icon: "site" as const,
      })),
    ...pools
      .filter((pool) => wanted && has(pool.name))
      .map((pool) => ({
        path: `/numbers/pools/${pool.id}`,
        name: pool.name,
        detail: "Pool",
        icon: "numbers" as const,
      })),
    ...numbers
      .filter((number) => byDigits && digits(number.number).includes(wantedDigits))
      .map((number) => ({
        path: `/calls?number=${number.id}`,
        name: number.number_display,
        detail: `Calls to ${number.label || "this number"}`,
        icon: "calls" as const,
      })),
    ...(byDigits
      ? [
          {
            path: `/calls?caller=${encodeURIComponent(text.trim())}`,
            name: text.trim(),
            detail: "Calls from this caller",
            icon: "visitor" as const,
          },
        ]
      : []),
  ];
}
