// When something is open: always, or by the hours of a week on the clock of a zone, with dates that differ.

import { Button } from "@mantine/core";
import { useZone } from "../../access/session";
import { HoursForm } from "../../call/flows/forms/deciding";
import type { FlowDocument, NodeOf } from "../../call/flows/document";
import type { Schedule } from "../documents";

const nowhere: FlowDocument = { schema: 1, start: "", nodes: {} } as unknown as FlowDocument;

type ScheduleProps = { label: string; value: Schedule | undefined; set: (schedule: Schedule | undefined) => void; empty: string };

export function ScheduleEditor({ label, value, set, empty }: ScheduleProps) {
  const zone = useZone();
  if (!value) {
    return (
      <div className="row wrap">
        <span className="dim">{empty}</span>
        <Button
          size="xs"
          variant="subtle"
          aria-label={`Set the hours of ${label}`}
          onClick={() =>
            set({ zone, weekly: [{ days: ["mon", "tue", "wed", "thu", "fri"], from: "09:00", to: "17:00" }] })
          }
        >
          Set hours
        </Button>
      </div>
    );
  }
  const node = { kind: "schedule", on: {}, ...value } as unknown as NodeOf<"schedule">;
  return (
    <div className="form" role="group" aria-label={`Hours of ${label}`}>
      <HoursForm
        name=""
        node={node}
        document={nowhere}
        set={(next) => {
          const { zone: at, weekly, holidays } = next as unknown as Schedule;
          set(holidays?.length ? { zone: at, weekly, holidays } : { zone: at, weekly });
        }}
      />
      <div>
        <Button size="xs" variant="subtle" onClick={() => set(undefined)}>
          Take the hours away
        </Button>
      </div>
    </div>
  );
}
