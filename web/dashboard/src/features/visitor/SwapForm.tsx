// Where and when a site's numbers are swapped, edited as a draft: nothing changes for visitors until it is published.

import { Button, Select, Switch, TagsInput, TextInput, Textarea } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import type { Schema } from "@trunkline/api-client";
import { api, take } from "../../api/client";
import { Icon } from "../../parts/Icon";
import { useForm } from "../../parts/form";
import { leaseTimes, swapModes } from "./words";

type Swap = Schema<"SwapSettings">;
type Capture = Schema<"FormCapture">;

/** Entries of one list; the server has the last word. */
const LIST_MAX = 20;
const FORMS_MAX = 10;

const emptyForm: Capture = { selector: "", phone: "", name: "", email: "", zip: "", consent_text: "" };

export function SwapForm({ site, done, cancel }: { site: Schema<"Site">; done: () => void; cancel: () => void }) {
  const queries = useQueryClient();
  const start = site.draft?.swap ?? site.swap;
  const form = useForm<Swap & { swap: null }, Schema<"Site">>({
    start: { ...start, swap: null },
    check: ({ mode, selectors }) => ({
      selectors: mode === "selector" && !selectors.length ? "Name at least one selector, such as .phone" : undefined,
    }),
    send: ({ swap: _, ...values }) =>
      take(api.PUT("/api/v1/sites/{id}/draft", { params: { path: { id: site.id } }, body: { swap: values } })),
    done: () => {
      void queries.invalidateQueries({ queryKey: ["site", site.id] });
      done();
    },
  });
  const { values, set } = form;
  const list = (name: "selectors" | "excluded_selectors" | "excluded_numbers" | "attributes", label: string, description: string, example: string) => (
    <TagsInput
      label={label}
      description={description}
      placeholder={values[name].length ? "" : example}
      value={values[name]}
      onChange={(value) => set(name, value)}
      error={form.message(name)}
      maxTags={LIST_MAX}
      acceptValueOnBlur
    />
  );
  const choice = (name: "json_ld" | "iframes" | "shadow_roots" | "data_layer", label: string) => (
    <Switch label={label} checked={values[name]} onChange={(event) => set(name, event.currentTarget.checked)} />
  );
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <div className="pair">
        <Select
          label="Which numbers are swapped"
          data={swapModes}
          value={values.mode}
          allowDeselect={false}
          onChange={(value) => value && set("mode", value)}
        />
        <Select
          label="A visitor gets a number"
          data={leaseTimes}
          value={values.lease_on}
          allowDeselect={false}
          onChange={(value) => value && set("lease_on", value)}
        />
      </div>
      {values.mode === "selector" && list("selectors", "Only in", "CSS selectors of the elements; Enter ends one.", ".phone")}
      {values.mode === "auto" &&
        list("excluded_numbers", "Numbers to leave alone", "The fax, and numbers of other firms. Enter ends one.", "(214) 555-0199")}
      {list("excluded_selectors", "Never in", "CSS selectors of parts of the page that stay as they are.", ".partners")}
      {list("attributes", "More attributes", "Links, labels and titles are swapped anyway.", "data-phone")}
      <fieldset className="plain">
        <legend className="small soft">Also swap in</legend>
        {choice("json_ld", "Structured data (telephone fields of JSON-LD)")}
        {choice("iframes", "Frames of the same site")}
        {choice("shadow_roots", "Web components (open shadow roots)")}
      </fieldset>
      {choice("data_layer", "Tell the tag manager which number is shown, and which form was sent (dataLayer)")}
      <TextInput
        label="Path on the site that leads to this server"
        description="Only where the site's own server passes requests on, for a visitor memory that lasts."
        placeholder="/tl"
        value={values.proxy_path ?? ""}
        onChange={(event) => set("proxy_path", event.currentTarget.value)}
      />
      <Forms forms={values.forms} set={(forms) => set("forms", forms)} />
      {(form.message("swap") || form.failure) && (
        <p className="bad" role="alert">
          {form.message("swap") ?? form.failure}
        </p>
      )}
      <div className="actions">
        <Button type="submit" variant="filled" loading={form.busy}>
          Save as draft
        </Button>
        <Button variant="subtle" onClick={cancel}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

const details: [keyof Capture, string, string][] = [
  ["phone", "Phone field", "phone"],
  ["name", "Name field", "name"],
  ["email", "E-mail field", "email"],
  ["zip", "ZIP field", "zip"],
];

function Forms({ forms, set }: { forms: Capture[]; set: (forms: Capture[]) => void }) {
  const change = (at: number, part: Partial<Capture>) => set(forms.map((form, i) => (i === at ? { ...form, ...part } : form)));
  return (
    <fieldset className="plain">
      <legend className="small soft">Forms whose contact details are kept, to recognize who calls later</legend>
      {forms.map((form, at) => (
        <div key={at} className="stack">
          <TextInput
            label={`Form ${at + 1}: selector`}
            placeholder="#contact-form"
            value={form.selector ?? ""}
            onChange={(event) => change(at, { selector: event.currentTarget.value })}
          />
          <div className="pair">
            {details.map(([name, label, example]) => (
              <TextInput
                key={name}
                label={label}
                placeholder={example}
                value={form[name] ?? ""}
                onChange={(event) => change(at, { [name]: event.currentTarget.value })}
              />
            ))}
          </div>
          <Textarea
            label="What the person agrees to by sending it"
            value={form.consent_text ?? ""}
            onChange={(event) => change(at, { consent_text: event.currentTarget.value })}
          />
          <div>
            <Button size="xs" variant="subtle" onClick={() => set(forms.filter((_, i) => i !== at))}>
              Remove form {at + 1}
            </Button>
          </div>
        </div>
      ))}
      {forms.length < FORMS_MAX && (
        <div>
          <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => set([...forms, emptyForm])}>
            Add a form
          </Button>
        </div>
      )}
    </fieldset>
  );
}
