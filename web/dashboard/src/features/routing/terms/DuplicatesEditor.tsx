// What happens with people who came before: whose past counts, what must have come of it, for how long, and what follows.

import { Button, NumberInput, Select } from "@mantine/core";
import { Icon } from "../../../parts/Icon";
import { Entry, replaced } from "../../call/flows/forms/fields";
import type { DuplicateRule } from "../documents";
import { actions, afters, scopes } from "../words";

type DuplicatesProps = { value: DuplicateRule[]; set: (rules: DuplicateRule[]) => void; of: "contract" | "campaign" };

export function DuplicatesEditor({ value, set, of }: DuplicatesProps) {
  const first: DuplicateRule =
    of === "contract"
      ? { scope: "buyer", within_h: 720, action: "skip" }
      : { scope: "campaign", within_h: 720, action: "block" };
  // What a contract does with a person is not what a campaign does with a whole opportunity.
  const allowed = actions.filter((action) =>
    of === "contract" ? action.value !== "flow" && action.value !== "block" : action.value !== "skip" && action.value !== "other_buyer",
  );
  return (
    <>
      <ul className="entries">
        {value.map((rule, i) => (
          <Entry key={i} what={`rule ${i + 1}`} remove={() => set(value.filter((_, at) => at !== i))}>
            <div className="cap-fields">
              <Select
                label="Came before to"
                data={scopes}
                value={rule.scope}
                allowDeselect={false}
                onChange={(scope) => scope && set(replaced(value, i, { ...rule, scope: scope as DuplicateRule["scope"] }))}
              />
              <Select
                label="And"
                data={afters}
                value={rule.after ?? "billable"}
                allowDeselect={false}
                onChange={(after) => after && set(replaced(value, i, { ...rule, after: after as DuplicateRule["after"] }))}
              />
              <NumberInput
                label="Within"
                suffix=" days"
                placeholder="Ever"
                value={rule.within_h === undefined ? "" : rule.within_h / 24}
                min={0}
                hideControls
                onChange={(days) => {
                  const { within_h: _, ...rest } = rule;
                  const hours = Math.round(Number(days) * 24);
                  set(replaced(value, i, days === "" || hours <= 0 ? rest : { ...rest, within_h: hours }));
                }}
              />
              <Select
                label="Then"
                data={allowed.some((action) => action.value === rule.action) ? allowed : actions}
                value={rule.action}
                allowDeselect={false}
                onChange={(action) =>
                  action && set(replaced(value, i, { ...rule, action: action as DuplicateRule["action"] }))
                }
              />
            </div>
          </Entry>
        ))}
      </ul>
      <div>
        <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => set([...value, first])}>
          Add a rule
        </Button>
      </div>
    </>
  );
}
