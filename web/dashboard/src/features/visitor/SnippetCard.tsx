// The block to paste into a site's pages, in the forms that page builders and tag managers ask for.

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Schema } from "@trunkline/api-client";
import { api, take } from "../../api/client";
import { bytes } from "../../base/figures";
import { CopyButton } from "../../parts/CopyButton";
import { Loaded } from "../../parts/Waiting";
import { nginxLocation } from "./words";

type Snippet = Schema<"Snippet">;
type Form = {
  id: string;
  name: string;
  where: string;
  hint: string;
  text: (snippet: Snippet) => string;
  /** Compressed size of the script in it, where it has one. */
  size?: (snippet: Snippet) => number;
};

const forms: Form[] = [
  {
    id: "page",
    name: "Paste into the page",
    where: "Inside <head>",
    text: (snippet) => snippet.block,
    size: (snippet) => snippet.loader_bytes,
    hint: "Put it into the head of every page, as high as you can. It looks for the business number and shows each visitor a number of their own.",
  },
  {
    id: "inline",
    name: "All inline",
    where: "Inside <head>, instead of the short block",
    text: (snippet) => snippet.all_inline,
    size: (snippet) => snippet.all_inline_bytes,
    hint: "The fastest form, and the one for sites whose policy allows no script from elsewhere: nothing is fetched before everything works. Paste it anew after each update of this server; the short block needs that only when the site's numbers change.",
  },
  {
    id: "tag",
    name: "Tag manager",
    where: "A custom HTML tag, on all pages",
    text: (snippet) => snippet.one_tag,
    hint: "One tag that loads everything. The swap comes a little later than with the block in the page.",
  },
  {
    id: "proxy",
    name: "Own path",
    where: "In the site's nginx, beside its other locations",
    text: proxy,
    hint: "Passes a path of the site on to this server, so that browsers keep the visitor's memory for long and nothing comes from another host. Set the same path under How numbers are swapped.",
  },
  {
    id: "policy",
    name: "Content policy",
    where: "Add to Content-Security-Policy",
    text: policy,
    hint: "Only for sites that send a Content-Security-Policy header. The hash lets the pasted block run; it changes with each version of the block. The all-inline form fetches a script only where a site's settings need more than numbers in the page.",
  },
];

export function SnippetCard({ site }: { site: Schema<"Site"> }) {
  const [chosen, setChosen] = useState(forms[0] as Form);
  const snippet = useQuery({
    queryKey: ["snippet", site.id, site.config_version],
    queryFn: () => take(api.GET("/api/v1/sites/{id}/snippet", { params: { path: { id: site.id } } })),
  });
  return (
    <div className="stack">
      <div className="tabs" role="tablist" aria-label="How to put it into the site">
        {forms.map((form) => (
          <button
            key={form.id}
            type="button"
            role="tab"
            aria-selected={form === chosen}
            onClick={() => setChosen(form)}
          >
            {form.name}
          </button>
        ))}
      </div>
      <p className="soft">{chosen.hint}</p>
      <Loaded query={snippet} rows={5} title="The snippet did not arrive">
        {(data) => (
          <Code
            where={chosen.where}
            text={chosen.text(data)}
            note={`version ${data.config_version}${chosen.size ? `, ${bytes(chosen.size(data))} of script` : ""}`}
          />
        )}
      </Loaded>
    </div>
  );
}

function Code({ where, text, note }: { where: string; text: string; note: string }) {
  return (
    <div className="code">
      <header>
        <span className="small soft">{where}</span>
        <span className="small dim grow wide-only num">{note}</span>
        <span className="grow narrow-only" />
        <CopyButton text={text} variant="filled" />
      </header>
      <pre tabIndex={0} role="region" aria-label="Snippet">
        {paint(text)}
      </pre>
    </div>
  );
}

/** Tags and quoted texts in colour; everything else as it is. */
function paint(text: string) {
  return text.split(/(<!--.*?-->|<\/?[a-z]+|\/?>(?=\s|$)|"[^"\n]*")/).map((piece, i) => {
    if (i % 2 === 0) return piece;
    const look = piece.startsWith("<!--") ? "c" : piece.startsWith('"') ? "s" : "t";
    return (
      <span key={i} className={look}>
        {piece}
      </span>
    );
  });
}

function policy(snippet: Snippet): string {
  const at = origin(snippet);
  return [
    "# with the block in the page",
    `script-src ${snippet.csp_hash} ${at}; connect-src ${at}`,
    "# with the all-inline form",
    `script-src ${snippet.all_inline_csp_hash}; connect-src ${at}`,
  ].join("\n");
}

/** Where the pages find this server. */
function origin(snippet: Snippet): string {
  return /https?:\/\/[^/"\s]+/.exec(snippet.one_tag)?.[0] ?? location.origin;
}

/** The location for nginx; `/tl` unless the site has set another path. */
function proxy(snippet: Snippet): string {
  return nginxLocation(origin(snippet));
}
