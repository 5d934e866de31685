// Giving a number back to its carrier: the number is written again, because nobody gets it back for sure.

import { Button, Checkbox, Modal, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { api, take } from "../../api/client";
import { money, plural } from "../../base/figures";
import { useForm } from "../../parts/form";
import { repeated, type TrackingNumber } from "./words";

export function GiveBack({ number, opened, close }: { number?: TrackingNumber; opened: boolean; close: () => void }) {
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={`Give ${number?.number_display ?? "the number"} back?`}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {number && <GiveBackForm key={number.id} number={number} close={close} />}
    </Modal>
  );
}

function GiveBackForm({ number, close }: { number: TrackingNumber; close: () => void }) {
  const queries = useQueryClient();
  const called = number.calls_30d > 0;
  const form = useForm({
    start: { number: "", insist: false },
    check: (values) => ({ number: repeated(number, values.number) }),
    send: (values) =>
      take(
        api.POST("/api/v1/numbers/{id}/give-back", {
          params: { path: { id: number.id } },
          body: { number: values.number.trim(), insist: values.insist },
        }),
      ),
    done: () => {
      for (const key of ["numbers", "pools"]) void queries.invalidateQueries({ queryKey: [key] });
      close();
    },
  });
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <p className="soft">
        The carrier stops charging{number.cost && ` ${money(number.cost.monthly_micros, number.cost.currency)} a month`}, and
        sells it to somebody else. Calls to it reach you no more; its history stays.
        {called && <b> It had {plural(number.calls_30d, "call")} in the last 30 days.</b>}
      </p>
      <TextInput
        label="The number, written again"
        placeholder={number.number_display}
        inputMode="tel"
        autoComplete="off"
        data-autofocus
        {...form.text("number")}
      />
      <Checkbox
        label="Give it back although it was called within 90 days"
        checked={form.values.insist}
        onChange={(event) => form.set("insist", event.currentTarget.checked)}
      />
      {form.failure && (
        <p className="bad" role="alert">
          {form.failure}
        </p>
      )}
      <div className="actions">
        <Button type="submit" className="danger" loading={form.busy}>
          Give it back
        </Button>
        <Button variant="subtle" onClick={close}>
          Keep it
        </Button>
      </div>
    </form>
  );
}
