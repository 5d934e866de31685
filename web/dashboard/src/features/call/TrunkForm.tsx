// Adding or changing a trunk: where its calls come from, where calls go out to, and how they sound.

import { Button, PasswordInput, SegmentedControl, Switch, TagsInput, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { api, take } from "../../api/client";
import { useForm } from "../../parts/form";
import { CallerIdFields, LineFields, NumberFields, WayFields } from "./TrunkFields";
import { bodyOf, type Kind, problemsOf, startOf, type Trunk, type TrunkValues } from "./trunk";

const advanced: (keyof TrunkValues)[] = [
  "registrar",
  "proxy",
  "tls_ca",
  "country",
  "international_prefix",
  "prefix_in",
  "prefix_out",
  "caller_id_number",
  "codecs",
  "priority",
];

export function TrunkForm({
  trunk,
  done,
  cancel,
}: {
  trunk?: Trunk;
  done: (trunk: Trunk) => void;
  cancel?: () => void;
}) {
  const queries = useQueryClient();
  const form = useForm({
    start: startOf(trunk),
    check: (values) => problemsOf(values, trunk),
    send: (values) =>
      trunk
        ? take(api.PATCH("/api/v1/trunks/{id}", { params: { path: { id: trunk.id } }, body: bodyOf(values) }))
        : take(api.POST("/api/v1/trunks", { body: bodyOf(values) })),
    done: (saved) => {
      void queries.invalidateQueries({ queryKey: ["trunks"] });
      done(saved);
    },
  });
  const { values, set } = form;
  const registered = values.kind === "registered";
  const hidden = advanced.some((field) => form.message(field));
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <TextInput label="Name" placeholder="Lakeshore SIP" {...form.text("name")} />
      <div>
        <p className="small soft" id="kind-label" style={{ marginBottom: 4 }}>
          The carrier knows us by
        </p>
        <SegmentedControl
          aria-labelledby="kind-label"
          data={[
            { value: "address", label: "our address" },
            { value: "registered", label: "user name and password" },
          ]}
          value={values.kind}
          onChange={(kind) => set("kind", kind as Kind)}
        />
      </div>
      {registered && (
        <div className="pair">
          <TextInput label="User name" autoComplete="off" {...form.text("user")} />
          <PasswordInput
            label="Password"
            description={trunk?.has_password ? "Empty leaves the stored one as it is" : undefined}
            autoComplete="new-password"
            {...form.text("password")}
          />
        </div>
      )}
      <WayFields form={form} />
      <TagsInput
        label={registered ? "Calls also come from" : "Calls come from"}
        description={
          registered
            ? "More addresses or networks of the carrier. Those of its hosts are known already; calls from anywhere else are refused."
            : "Addresses or networks of the carrier. Calls from anywhere else are refused."
        }
        placeholder={values.addresses.length ? "" : "203.0.113.0/24"}
        value={values.addresses}
        onChange={(addresses) => set("addresses", addresses)}
        splitChars={[",", " "]}
        acceptValueOnBlur
        error={form.message("addresses")}
      />
      <details open={hidden || undefined}>
        <summary className="small med">Numbers, caller ID, codecs and more</summary>
        <div className="form" style={{ marginTop: 12 }}>
          <NumberFields form={form} />
          <CallerIdFields form={form} />
          <LineFields form={form} registered={registered} />
        </div>
      </details>
      <Switch
        label="All accounts of this server may use it"
        checked={values.shared}
        onChange={(event) => set("shared", event.currentTarget.checked)}
      />
      {form.failure && (
        <p className="bad" role="alert">
          {form.failure}
        </p>
      )}
      <div className="actions">
        <Button type="submit" variant="filled" loading={form.busy}>
          {trunk ? "Save" : "Add the trunk"}
        </Button>
        {cancel && (
          <Button variant="subtle" onClick={cancel}>
            Cancel
          </Button>
        )}
      </div>
    </form>
  );
}
