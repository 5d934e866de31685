// Groups of fields of a trunk: the way to the carrier, how numbers are written, who is shown, and the line itself.

import { MultiSelect, NumberInput, SegmentedControl, Select, Switch, Textarea, TextInput } from "@mantine/core";
import type { useForm } from "../../parts/form";
import { ports, type Transport, type Trunk, type TrunkValues } from "./trunk";

type Form = ReturnType<typeof useForm<TrunkValues, Trunk>>;

const codecs = [
  { value: "PCMU", label: "PCMU (G.711 µ-law)" },
  { value: "PCMA", label: "PCMA (G.711 A-law)" },
];
const styles = [
  { value: "e164_plus", label: "+12145550100" },
  { value: "e164", label: "12145550100" },
  { value: "national", label: "2145550100, as dialled at home" },
];
const shown = [
  { value: "flow", label: "What the call flow says" },
  { value: "tracking_number", label: "Always the tracking number" },
  { value: "fixed", label: "Always one number" },
];

export function WayFields({ form }: { form: Form }) {
  const { values, set } = form;
  const registered = values.kind === "registered";
  const choose = (transport: Transport) => {
    set("transport", transport);
    if (values.port === ports[values.transport]) set("port", ports[transport]);
  };
  return (
    <>
      <div className="pair">
        <TextInput
          label={registered ? "Carrier's host" : "Calls go out to"}
          description={registered ? "Where we register and dial" : "Empty if it only takes calls in"}
          placeholder="sip.carrier.example"
          {...form.text("host")}
        />
        <NumberInput
          label="Port"
          description={`Usually ${ports[values.transport]}`}
          value={values.port}
          min={1}
          max={65_535}
          hideControls
          onChange={(port) => set("port", Number(port) || ports[values.transport])}
          error={form.message("port")}
        />
      </div>
      <div>
        <p className="small soft" id="transport-label" style={{ marginBottom: 4 }}>
          Transport
        </p>
        <SegmentedControl
          aria-labelledby="transport-label"
          data={[
            { value: "udp", label: "UDP" },
            { value: "tcp", label: "TCP" },
            { value: "tls", label: "TLS" },
          ]}
          value={values.transport}
          onChange={(transport) => choose(transport as Transport)}
        />
      </div>
    </>
  );
}

export function NumberFields({ form }: { form: Form }) {
  const { values, set } = form;
  return (
    <>
      <div className="pair">
        <Select
          label="Numbers are written"
          data={styles}
          value={values.style}
          allowDeselect={false}
          onChange={(style) => set("style", style ?? "e164_plus")}
        />
        <TextInput
          label="Home country"
          description="Of numbers without a country code; empty: the server's"
          placeholder="US"
          {...form.text("country")}
        />
      </div>
      {values.style === "national" && (
        <TextInput
          label="Before numbers of other countries"
          description="Such as 011 or 00; empty: a plus sign"
          placeholder="011"
          {...form.text("international_prefix")}
        />
      )}
      <div className="pair">
        <TextInput
          label="Prefix of calls that come in"
          description="Taken off the dialled number"
          {...form.text("prefix_in")}
        />
        <TextInput
          label="Prefix of calls that go out"
          description="Put before the dialled number"
          {...form.text("prefix_out")}
        />
      </div>
    </>
  );
}

export function CallerIdFields({ form }: { form: Form }) {
  const { values, set } = form;
  return (
    <>
      <div className="pair">
        <Select
          label="Destinations see"
          data={shown}
          value={values.shown}
          allowDeselect={false}
          onChange={(chosen) => set("shown", chosen ?? "flow")}
        />
        {values.shown === "fixed" && (
          <TextInput label="This number" placeholder="+1 214 555 0100" {...form.text("caller_id_number")} />
        )}
      </div>
      <Switch
        label="Also assert the number to the carrier (P-Asserted-Identity), and hide withheld ones with Privacy"
        checked={values.asserted}
        onChange={(event) => set("asserted", event.currentTarget.checked)}
      />
      <Switch
        label="Tell the carrier the tracking number as the one that forwarded the call (Diversion)"
        checked={values.diversion}
        onChange={(event) => set("diversion", event.currentTarget.checked)}
      />
      <Switch
        label="Believe the carrier's word on who calls (P-Asserted-Identity, attestation)"
        checked={values.trusted}
        onChange={(event) => set("trusted", event.currentTarget.checked)}
      />
    </>
  );
}

export function LineFields({ form, registered }: { form: Form; registered: boolean }) {
  const { values, set } = form;
  return (
    <>
      <div className="pair">
        {registered && (
          <TextInput
            label="Registrar"
            description="If it is not the host above"
            placeholder="registrar.carrier.example"
            {...form.text("registrar")}
          />
        )}
        <TextInput
          label="Outbound proxy"
          description="If everything is sent somewhere else"
          placeholder="proxy.carrier.example:5060"
          {...form.text("proxy")}
        />
      </div>
      {values.transport === "tls" && (
        <Textarea
          label="The carrier's own certificates"
          description="PEM; empty: those this system trusts"
          placeholder="-----BEGIN CERTIFICATE-----"
          autosize
          minRows={2}
          maxRows={6}
          {...form.text("tls_ca")}
        />
      )}
      <div className="pair">
        <MultiSelect
          label="Codecs, first choice first"
          data={codecs}
          value={values.codecs}
          onChange={(chosen) => set("codecs", chosen)}
          error={form.message("codecs")}
        />
        <NumberInput
          label="Order"
          description="Of several trunks the smaller one is tried first"
          value={values.priority}
          min={0}
          max={65_535}
          hideControls
          onChange={(priority) => set("priority", Number(priority) || 0)}
          error={form.message("priority")}
        />
      </div>
      <Switch
        label="The carrier sits behind NAT: learn the sound's address from its first packet, within the networks above"
        checked={values.nat}
        onChange={(event) => set("nat", event.currentTarget.checked)}
      />
    </>
  );
}
