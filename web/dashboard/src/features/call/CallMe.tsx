// A test call over a trunk: rings a phone and says how it went.

import { Button, Modal, TextInput } from "@mantine/core";
import { api, take } from "../../api/client";
import { useForm } from "../../parts/form";
import { Icon } from "../../parts/Icon";
import type { Trunk } from "./trunk";

export function CallMe({ trunk, opened, close }: { trunk?: Trunk; opened: boolean; close: () => void }) {
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={`Call me over ${trunk?.name ?? "the trunk"}`}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {trunk && <CallMeForm key={trunk.id} trunk={trunk} close={close} />}
    </Modal>
  );
}

function CallMeForm({ trunk, close }: { trunk: Trunk; close: () => void }) {
  const form = useForm({
    start: { number: "" },
    check: (values) => ({ number: values.number.trim() ? undefined : "Write the number of a phone beside you" }),
    send: (values) =>
      take(api.POST("/api/v1/trunks/{id}/call-me", { params: { path: { id: trunk.id } }, body: values })),
  });
  const { result } = form;
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <TextInput
        label="Your phone"
        description="It rings for at most 25 seconds. Nothing is played; when you answer, we hang up."
        type="tel"
        autoComplete="tel"
        {...form.text("number")}
      />
      <div role="status">
        {form.busy && <p className="soft">Ringing…</p>}
        {result && !form.busy && (
          <p className="row">
            <Icon name={result.outcome === "answered" || result.outcome === "rang" ? "check" : "warn"} size={16} />
            {result.message}
          </p>
        )}
      </div>
      {form.failure && (
        <p className="bad" role="alert">
          {form.failure}
        </p>
      )}
      <div className="actions">
        <Button type="submit" variant="filled" loading={form.busy}>
          {result ? "Call again" : "Call me"}
        </Button>
        <Button variant="subtle" onClick={close}>
          Close
        </Button>
      </div>
    </form>
  );
}
