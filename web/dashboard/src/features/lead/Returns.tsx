// Leads that buyers give back: asking for one on their behalf, and deciding it wholly or in part.

import { Button, NumberInput, Select, Textarea } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { api, take } from "../../api/client";
import { Card } from "../../parts/Card";
import { useForm } from "../../parts/form";
import { StateWord } from "../../parts/State";
import { At } from "../../parts/When";
import { useMay } from "../access/session";
import { FormDialog, FormFoot } from "../routing/parts";
import { at } from "../routing/queries";
import { useLeadsRefresh } from "./Legs";
import {
  isOpen,
  returnable,
  returnReason,
  returnReasons,
  returnState,
  type LeadDetail,
  type LeadReturn,
} from "./words";

/** Nothing for a lead that nobody has or had. */
export function Returns({ lead }: { lead: LeadDetail }) {
  const may = useMay();
  const [asking, askingIs] = useDisclosure(false);
  const [deciding, setDeciding] = useState<LeadReturn | null>(null);
  const askable = may.write && returnable(lead).length > 0;
  if (lead.returns.length === 0 && !askable) return null;
  return (
    <Card
      title="Returns"
      lined
      right={
        askable && (
          <Button size="xs" onClick={askingIs.open}>
            Ask for a return
          </Button>
        )
      }
    >
      {lead.returns.length === 0 && <p className="pad dim">No buyer asked to give it back.</p>}
      <ul className="rows">
        {lead.returns.map((each) => (
          <ReturnRow key={each.contract.id} of={each} decide={() => setDeciding(each)} />
        ))}
      </ul>
      <FormDialog opened={asking} close={askingIs.close} title="Ask for a return">
        <Ask lead={lead} close={askingIs.close} />
      </FormDialog>
      <FormDialog opened={deciding !== null} close={() => setDeciding(null)} title="Decide the return">
        {deciding && <Decide of={deciding} close={() => setDeciding(null)} />}
      </FormDialog>
    </Card>
  );
}

function ReturnRow({ of, decide }: { of: LeadReturn; decide: () => void }) {
  const may = useMay();
  const { tone, word } = returnState(of);
  return (
    <li>
      <div className="row between">
        <span className="two grow">
          <span className="med cut">{of.buyer.name || "Deleted buyer"}</span>
          <StateWord tone={tone}>{word}</StateWord>
          <span className="sub">
            {returnReason(of.reason)}
            {of.proved ? ", proved by our own data" : ""}
            {isOpen(of) ? (
              <>
                {", to be decided by "}
                <At at={of.decide_by} />
              </>
            ) : (
              of.decided_at != null && (
                <>
                  {", decided "}
                  <At at={of.decided_at} />
                </>
              )
            )}
          </span>
          {of.note && <span className="sub break">“{of.note}”</span>}
          {of.answer && <span className="sub break">Answer: {of.answer}</span>}
        </span>
        {may.write && isOpen(of) && (
          <Button size="xs" onClick={decide}>
            Decide
          </Button>
        )}
      </div>
    </li>
  );
}

function Ask({ lead, close }: { lead: LeadDetail; close: () => void }) {
  const refresh = useLeadsRefresh();
  const legs = returnable(lead);
  const form = useForm({
    start: { contract: legs.length === 1 ? (legs[0]?.contract.id ?? "") : "", reason: "", note: "" },
    check: (values) => ({
      contract: values.contract ? undefined : "Choose who gives it back",
      reason: values.reason ? undefined : "Choose why",
    }),
    send: async (values) => {
      await take(api.POST("/api/v1/leads/{id}/returns", { params: at(lead.id), body: { ...values, note: values.note.trim() } }));
      await refresh();
    },
    done: close,
  });
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <Select
        label="Who gives it back"
        data={legs.map((leg) => ({ value: leg.contract.id, label: leg.buyer.name || "Deleted buyer" }))}
        value={form.values.contract || null}
        allowDeselect={false}
        onChange={(contract) => form.set("contract", contract ?? "")}
        error={form.message("contract")}
      />
      <Select
        label="Why"
        description="What our own data proves and the campaign grants at once is granted at once."
        data={returnReasons}
        value={form.values.reason || null}
        allowDeselect={false}
        onChange={(reason) => form.set("reason", reason ?? "")}
        error={form.message("reason")}
      />
      <Textarea label="What they say" autosize minRows={2} maxRows={6} maxLength={1000} {...form.text("note")} />
      <FormFoot failure={form.failure} busy={form.busy} act="Ask for the return" close={close} />
    </form>
  );
}

const decisions = [
  { value: "approve", label: "Grant it" },
  { value: "reject", label: "Refuse it" },
  { value: "review", label: "Look at it first" },
];

function Decide({ of, close }: { of: LeadReturn; close: () => void }) {
  const refresh = useLeadsRefresh();
  const form = useForm({
    start: { decision: "approve", percent: 100 as number | string, answer: of.answer },
    check: (values) => ({
      percent:
        values.decision !== "approve" || (Number.isInteger(values.percent) && Number(values.percent) >= 1 && Number(values.percent) <= 100)
          ? undefined
          : "Write 1 to 100",
    }),
    send: async (values) => {
      const { decision, percent } = values;
      await take(
        api.POST("/api/v1/leads/{id}/returns/{contract}", {
          params: { path: { id: of.lead, contract: of.contract.id } },
          body: { decision, answer: values.answer.trim(), ...(decision === "approve" ? { percent: Number(percent) } : {}) },
        }),
      );
      await refresh();
    },
    done: close,
  });
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <p className="soft">
        {of.buyer.name || "The buyer"} gives it back: {returnReason(of.reason).toLowerCase()}
        {of.note ? `. “${of.note}”` : "."} {of.proved ? "Our own data proves it." : "Our own data does not prove it."}
      </p>
      <div className="pair">
        <Select
          label="Decision"
          data={of.state === "in_review" ? decisions.slice(0, 2) : decisions}
          value={form.values.decision}
          allowDeselect={false}
          onChange={(decision) => decision && form.set("decision", decision)}
        />
        {form.values.decision === "approve" && (
          <NumberInput
            label="Of the price"
            min={1}
            max={100}
            allowDecimal={false}
            suffix="%"
            value={form.values.percent}
            onChange={(percent) => form.set("percent", percent)}
            error={form.message("percent")}
          />
        )}
      </div>
      <Textarea label="Why, for the buyer" autosize minRows={2} maxRows={6} maxLength={1000} {...form.text("answer")} />
      <FormFoot failure={form.failure} busy={form.busy} act="Decide" close={close} />
    </form>
  );
}
