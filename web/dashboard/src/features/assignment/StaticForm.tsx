// A pool number that was published somewhere: its calls get the name of the place, and visitors see it no more.

import { Button, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { api, take } from "../../api/client";
import { plural } from "../../base/figures";
import { useForm } from "../../parts/form";
import type { TrackingNumber } from "./words";

export function StaticForm({ number, done }: { number: TrackingNumber; done: () => void }) {
  const queries = useQueryClient();
  const form = useForm({
    start: { label: "" },
    check: (values) => ({
      label: values.label.trim() ? undefined : "Write where it is published, such as Yelp",
    }),
    send: (values) =>
      take(
        api.POST("/api/v1/numbers/{id}/make-static", {
          params: { path: { id: number.id } },
          body: { label: values.label.trim() },
        }),
      ),
    done: () => {
      for (const key of ["numbers", "pools", "pool", "leases"]) void queries.invalidateQueries({ queryKey: [key] });
      done();
    },
  });
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <p className="soft">
        {number.strangers_30d > 0
          ? `${plural(number.strangers_30d, "caller")} of ${number.callers_30d} within 30 days came from no visit that was shown it. `
          : ""}
        It leaves its pool, so that visitors get another number, and its calls get this name as their source.
      </p>
      <TextInput label="Place" placeholder="Yelp" data-autofocus {...form.text("label")} />
      {form.failure && (
        <p className="bad" role="alert">
          {form.failure}
        </p>
      )}
      <div className="actions">
        <Button type="submit" variant="filled" loading={form.busy}>
          Make it a static number
        </Button>
        <Button variant="subtle" onClick={done}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
