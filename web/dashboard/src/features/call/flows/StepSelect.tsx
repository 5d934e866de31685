// A choice of the step that a way leads to.

import { Select } from "@mantine/core";
import { inOrder, type FlowDocument } from "./document";

type StepSelectProps = {
  label: string;
  /** Whether the label stands above the field, or is only for screen readers. */
  visible?: boolean;
  document: FlowDocument;
  /** A step does not lead to itself. */
  except?: string;
  value: string;
  set: (to: string) => void;
  /** What it means when nothing is chosen. */
  none?: string;
};

export function StepSelect({ label, visible, document, except, value, set, none = "Choose a step" }: StepSelectProps) {
  const names = inOrder(document).filter((name) => name !== except || name === value);
  return (
    <Select
      label={visible ? label : undefined}
      aria-label={label}
      style={{ flex: 1, minWidth: 0 }}
      data={names}
      value={value || null}
      placeholder={none}
      searchable={names.length > 8}
      clearable
      clearButtonProps={{ "aria-label": `Clear: ${label}` }}
      onChange={(to) => set(to ?? "")}
    />
  );
}
