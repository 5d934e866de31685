// Adding or changing a trunk: where its calls come from, where calls go out to, and how they sound.

import { Button, MultiSelect, NumberInput, SegmentedControl, Switch, TagsInput, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import type { Schema } from "@trunkline/api-client";
import { api, take } from "../../api/client";
import { useForm } from "../../parts/form";

type Trunk = Schema<"Trunk">;
type Transport = "udp" | "tcp";

const SIP_PORT = 5060;
const codecs = [
  { value: "PCMU", label: "PCMU (G.711 µ-law)" },
  { value: "PCMA", label: "PCMA (G.711 A-law)" },
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
    start: {
      name: trunk?.name ?? "",
      addresses: trunk?.addresses ?? [],
      host: trunk?.host ?? "",
      port: trunk?.port ?? SIP_PORT,
      transport: (trunk?.transport ?? "udp") as Transport,
      codecs: trunk?.codecs ?? ["PCMU", "PCMA"],
      nat: trunk?.nat ?? false,
      shared: trunk?.shared ?? true,
    },
    check: (values) => ({
      name: values.name.trim() ? undefined : "Write a name, such as Lakeshore SIP",
      addresses: values.addresses.length ? undefined : "Write at least one address or network, such as 203.0.113.0/24",
      codecs: values.codecs.length ? undefined : "Choose at least one",
    }),
    send: (values) =>
      trunk
        ? take(api.PATCH("/api/v1/trunks/{id}", { params: { path: { id: trunk.id } }, body: values }))
        : take(api.POST("/api/v1/trunks", { body: values })),
    done: (saved) => {
      void queries.invalidateQueries({ queryKey: ["trunks"] });
      done(saved);
    },
  });
  const { values, set } = form;
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <TextInput label="Name" placeholder="Lakeshore SIP" {...form.text("name")} />
      <TagsInput
        label="Calls come from"
        description="Addresses or networks of the carrier. Calls from anywhere else are refused."
        placeholder={values.addresses.length ? "" : "203.0.113.0/24"}
        value={values.addresses}
        onChange={(addresses) => set("addresses", addresses)}
        splitChars={[",", " "]}
        acceptValueOnBlur
        error={form.message("addresses")}
      />
      <div className="pair">
        <TextInput
          label="Calls go out to"
          description="Empty if it only takes calls in"
          placeholder="sip.carrier.example"
          {...form.text("host")}
        />
        <NumberInput
          label="Port"
          description="Usually 5060"
          value={values.port}
          min={1}
          max={65_535}
          hideControls
          onChange={(port) => set("port", Number(port) || SIP_PORT)}
          error={form.message("port")}
        />
      </div>
      <div className="pair">
        <MultiSelect
          label="Codecs, first choice first"
          data={codecs}
          value={values.codecs}
          onChange={(chosen) => set("codecs", chosen)}
          error={form.message("codecs")}
        />
        <div>
          <p className="small soft" id="transport-label" style={{ marginBottom: 4 }}>
            Transport
          </p>
          <SegmentedControl
            aria-labelledby="transport-label"
            data={[
              { value: "udp", label: "UDP" },
              { value: "tcp", label: "TCP" },
            ]}
            value={values.transport}
            onChange={(transport) => set("transport", transport as Transport)}
          />
        </div>
      </div>
      <Switch
        label="The carrier sits behind NAT: learn the sound's address from its first packet, within the networks above"
        checked={values.nat}
        onChange={(event) => set("nat", event.currentTarget.checked)}
      />
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
