// "Test a page": every number on a page of the site, and what visitors see in its place or why it stays.

import { Button, Switch, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Schema } from "@trunkline/api-client";
import { api, take } from "../../api/client";
import { Card } from "../../parts/Card";
import { useForm } from "../../parts/form";
import { sentence } from "../call/words";
import { placeWords } from "./places";

type Result = Schema<"PageCheck">;

export function PageTest({ site }: { site: Schema<"Site"> }) {
  const [result, setResult] = useState<Result>();
  const form = useForm<{ url: string; draft: boolean }, Result>({
    start: { url: site.last_seen?.page ?? `https://${site.hosts[0] ?? ""}/`, draft: false },
    check: ({ url }) => ({ url: /^https?:\/\/./.test(url.trim()) ? undefined : "Write the page's whole address" }),
    send: (body) => take(api.POST("/api/v1/sites/{id}/page-check", { params: { path: { id: site.id } }, body })),
    done: setResult,
  });
  return (
    <Card title="Test a page" lined>
      <form className="form pad" onSubmit={form.submit} noValidate>
        <TextInput
          label="Address of the page"
          description="The server reads it as a visitor gets it. What scripts write later shows with a preview link."
          inputMode="url"
          {...form.text("url")}
        />
        {site.draft && (
          <Switch
            label="With the draft"
            checked={form.values.draft}
            onChange={(event) => form.set("draft", event.currentTarget.checked)}
          />
        )}
        {form.failure && (
          <p className="bad" role="alert">
            {form.failure}
          </p>
        )}
        <div className="actions">
          <Button type="submit" loading={form.busy}>
            Test
          </Button>
        </div>
      </form>
      {result && <Findings result={result} />}
    </Card>
  );
}

function Findings({ result }: { result: Result }) {
  const swapped = result.findings.filter((one) => one.outcome === "swapped").length;
  return (
    <>
      <div className="pad" role="status" style={{ borderTop: "1px solid var(--line)" }}>
        <p className="med">
          {result.findings.length === 0
            ? "No telephone number was found on the page."
            : `${swapped} of ${result.findings.length} numbers are swapped.`}
        </p>
        {result.status >= 400 && <p className="small bad">The page answered with status {result.status}.</p>}
        {!result.on_site && <p className="small bad">Its host is not one of the site's, so the snippet does nothing there.</p>}
        {!result.has_snippet && <p className="small soft">The snippet is not in the page as the server gets it.</p>}
        {result.cut && <p className="small soft">The page is very long; its end was not read.</p>}
      </div>
      {result.findings.length > 0 && (
        <ul className="rows">
          {result.findings.map((one, i) => (
            <li key={i}>
              <div className="row between">
                <span className="med tel">{one.printed}</span>
                {one.becomes ? (
                  <span className="tel">{one.becomes}</span>
                ) : (
                  <span className="soft">stays</span>
                )}
              </div>
              <div className="row between small soft">
                <span className="cut" title={one.element}>
                  {placeWords(one)}
                </span>
                <span className="cut">{one.becomes ? one.target : sentence(one.why.replace(/^Stays: /, ""))}</span>
              </div>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
