// The forms that make and change campaigns, buyers, destinations, contracts, publishers and feeds.

import { Checkbox, Select, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, take } from "../../api/client";
import { count } from "../../base/figures";
import { useForm } from "../../parts/form";
import { zones } from "../../parts/zones";
import { useZone } from "../access/session";
import { isDecimal } from "./documents";
import { FormFoot } from "./parts";
import {
  at,
  buyersQuery,
  campaignsQuery,
  destinationsQuery,
  publishersQuery,
  sent,
  useCurrency,
  useRefresh,
  useVertical,
  verticalsQuery,
  type Buyer,
  type Campaign,
  type Contract,
  type Feed,
} from "./queries";
import { Amount } from "./terms/fields";
import { kindWord } from "./words";

type Done<T> = { done: (made: T) => void; cancel?: () => void };

export function CampaignForm({ campaign, done, cancel }: { campaign?: Campaign } & Done<Campaign>) {
  const refresh = useRefresh();
  const verticals = useQuery(verticalsQuery()).data ?? [];
  const form = useForm({
    start: { name: campaign?.name ?? "", vertical: campaign?.vertical ?? "", begin: true, ask: true },
    check: (values) => ({ name: values.name.trim() ? undefined : "Write a name, such as Solar in Texas" }),
    send: async (values) => {
      const body = { name: values.name.trim(), vertical: values.vertical };
      const begins = !campaign && values.vertical !== "";
      const saved = campaign
        ? await take(api.PATCH("/api/v1/campaigns/{id}", { params: at(campaign.id), body }))
        : await take(api.POST("/api/v1/campaigns", { body: { ...body, from_vertical: begins && values.begin } }));
      if (begins && values.ask) await take(api.POST("/api/v1/campaigns/{id}/flow", { params: at(saved.id) }));
      await refresh();
      return saved as unknown as Campaign;
    },
    done,
  });
  const chosen = useVertical(form.values.vertical);
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <TextInput label="Name" placeholder="Solar in Texas" data-autofocus {...form.text("name")} />
      <Select
        label="Trade"
        description={chosen?.sentence ?? "Has fields, rules and questions ready that you change as you like."}
        placeholder="Another, or none"
        clearable
        searchable
        data={[
          ...verticals.map((each) => ({ value: each.id, label: each.name })),
          ...(campaign?.vertical && !verticals.some((each) => each.id === campaign.vertical)
            ? [{ value: campaign.vertical, label: campaign.vertical }]
            : []),
        ]}
        value={form.values.vertical || null}
        onChange={(vertical) => form.set("vertical", vertical ?? "")}
        error={form.message("vertical")}
      />
      {chosen && !campaign && (
        <>
          <Checkbox
            label="Begin with what the trade needs"
            description={`${count(chosen.fields.length)} fields for leads, what consent must say, opening hours, caps and rules for people who came before.`}
            checked={form.values.begin}
            onChange={(event) => form.set("begin", event.currentTarget.checked)}
          />
          <Checkbox
            label="Draft a call flow that asks callers"
            description="What buyers want to know first, then it hands the call to this campaign. Nothing rings before you publish it."
            checked={form.values.ask}
            onChange={(event) => form.set("ask", event.currentTarget.checked)}
          />
        </>
      )}
      <FormFoot failure={form.failure} busy={form.busy} act={campaign ? "Save" : "Add the campaign"} close={cancel} />
    </form>
  );
}

export function BuyerForm({ buyer, done, cancel }: { buyer?: Buyer } & Done<Buyer>) {
  const refresh = useRefresh();
  const zone = useZone();
  const currency = useCurrency();
  const buyers = useQuery(buyersQuery()).data ?? [];
  const form = useForm({
    start: {
      name: buyer?.name ?? "",
      company: buyer?.company ?? "",
      credit_limit: buyer?.credit_limit ?? "",
      zone: buyer?.zone ?? "",
      note: buyer?.note ?? "",
    },
    check: (values) => ({
      name: values.name.trim() ? undefined : "Write a name, such as Sunny Roofs",
      credit_limit:
        values.credit_limit === "" || isDecimal(values.credit_limit)
          ? undefined
          : "Write an amount such as 5000, or leave it empty for none",
    }),
    send: async (values) => {
      const body = { ...values, name: values.name.trim(), note: values.note.trim() };
      const saved = buyer
        ? await take(api.PATCH("/api/v1/buyers/{id}", { params: at(buyer.id), body }))
        : await take(api.POST("/api/v1/buyers", { body }));
      await refresh();
      return saved as unknown as Buyer;
    },
    done,
  });
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <TextInput label="Name" placeholder="Sunny Roofs" data-autofocus {...form.text("name")} />
      <div className="pair">
        <Select
          label="Company"
          description="Buyers of one company count as one where rules say so."
          placeholder="Stands alone"
          clearable
          data={buyers.filter((each) => each.id !== buyer?.id).map((each) => ({ value: each.id, label: each.name }))}
          value={form.values.company || null}
          onChange={(company) => form.set("company", company ?? "")}
          error={form.message("company")}
        />
        <Select
          label="Time zone"
          description="Of its hours and caps."
          placeholder={`The account's: ${zone}`}
          clearable
          searchable
          data={zones}
          value={form.values.zone || null}
          onChange={(next) => form.set("zone", next ?? "")}
          error={form.message("zone")}
        />
      </div>
      <Amount
        label="May owe at most"
        description="By how much the balance of a buyer who pays ahead may go below zero; empty for not at all."
        placeholder="No limit"
        optional
        value={form.values.credit_limit || undefined}
        currency={currency}
        set={(value) => form.set("credit_limit", value === undefined ? "" : String(value))}
      />
      <Textarea label="Note" autosize minRows={2} maxRows={6} {...form.text("note")} />
      <FormFoot failure={form.failure} busy={form.busy} act={buyer ? "Save" : "Add the buyer"} close={cancel} />
    </form>
  );
}

export function PublisherForm({
  publisher,
  done,
  cancel,
}: { publisher?: { id: string; name: string; note: string } } & Done<{ id: string }>) {
  const refresh = useRefresh();
  const form = useForm({
    start: { name: publisher?.name ?? "", note: publisher?.note ?? "" },
    check: (values) => ({ name: values.name.trim() ? undefined : "Write a name, such as BrightLead Media" }),
    send: async (values) => {
      const body = { name: values.name.trim(), note: values.note.trim() };
      const saved = publisher
        ? await take(api.PATCH("/api/v1/publishers/{id}", { params: at(publisher.id), body }))
        : await take(api.POST("/api/v1/publishers", { body }));
      await refresh();
      return saved;
    },
    done,
  });
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <TextInput label="Name" placeholder="BrightLead Media" data-autofocus {...form.text("name")} />
      <Textarea label="Note" autosize minRows={2} maxRows={6} {...form.text("note")} />
      <FormFoot failure={form.failure} busy={form.busy} act={publisher ? "Save" : "Add the publisher"} close={cancel} />
    </form>
  );
}

type ContractFormProps = { contract?: Contract; campaign?: string; buyer?: string } & Done<Contract>;

/** A new contract begins with a price; everything else is set in its terms. */
export function ContractForm({ contract, campaign, buyer, done, cancel }: ContractFormProps) {
  const refresh = useRefresh();
  const currency = useCurrency();
  const campaigns = useQuery(campaignsQuery()).data ?? [];
  const buyers = new Map((useQuery(buyersQuery()).data ?? []).map((each) => [each.id, each.name]));
  const destinations = (useQuery(destinationsQuery()).data ?? []).filter((each) => !buyer || each.buyer === buyer);
  const form = useForm({
    start: {
      name: contract?.name ?? "",
      campaign: contract?.campaign ?? campaign ?? "",
      destination: contract?.destination ?? "",
      amount: "",
      billable_from_s: "60",
    },
    check: (values) => ({
      name: values.name.trim() ? undefined : "Write a name, such as Texas, days",
      campaign: values.campaign ? undefined : "Choose what is sold",
      destination: values.destination ? undefined : "Choose where it goes",
      amount: contract || values.amount === "" || isDecimal(values.amount) ? undefined : "Write an amount, such as 45",
      billable_from_s: /^\d{1,5}$/.test(values.billable_from_s.trim()) ? undefined : "Write seconds, such as 60",
    }),
    send: async (values) => {
      const name = values.name.trim();
      const price = {
        billable_from_s: Number(values.billable_from_s),
        rules: [{ rate: { fixed: values.amount.trim() } }],
      };
      const saved = contract
        ? await take(api.PATCH("/api/v1/contracts/{id}", { params: at(contract.id), body: { name } }))
        : await take(
            api.POST("/api/v1/contracts", {
              body: {
                name,
                campaign: values.campaign,
                destination: values.destination,
                ...(values.amount ? { terms: sent({ price }) } : {}),
              },
            }),
          );
      await refresh();
      return saved as unknown as Contract;
    },
    done,
  });
  const named = destinations.map((each) => ({
    value: each.id,
    label: `${buyers.get(each.buyer) ?? "Deleted buyer"}, ${each.name} (${kindWord(each.kind).toLowerCase()})`,
  }));
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <TextInput label="Name" placeholder="Texas, days" data-autofocus {...form.text("name")} />
      {!contract && (
        <>
          <Select
            label="Campaign"
            data={campaigns.map((each) => ({ value: each.id, label: each.name }))}
            value={form.values.campaign || null}
            allowDeselect={false}
            searchable
            disabled={campaign !== undefined}
            onChange={(next) => form.set("campaign", next ?? "")}
            error={form.message("campaign")}
          />
          <Select
            label="Goes to"
            placeholder={named.length ? "Choose a destination" : "There is no destination yet: add one to a buyer"}
            data={named}
            value={form.values.destination || null}
            allowDeselect={false}
            searchable
            onChange={(next) => form.set("destination", next ?? "")}
            error={form.message("destination")}
          />
          <div className="pair">
            <Amount
              label="The buyer pays"
              description="For each sale; other rules can be set in its terms."
              optional
              placeholder="45.00"
              value={form.values.amount || undefined}
              currency={currency}
              set={(value) => form.set("amount", value === undefined ? "" : String(value))}
            />
            <TextInput
              label="Billable from"
              description="Seconds of talk; leads are always billable."
              inputMode="numeric"
              rightSection={<span className="dim">s</span>}
              {...form.text("billable_from_s")}
            />
          </div>
        </>
      )}
      <FormFoot failure={form.failure} busy={form.busy} act={contract ? "Save" : "Add the contract"} close={cancel} />
    </form>
  );
}

export function FeedForm({ campaign, publisher, done, cancel }: { campaign?: string; publisher?: string } & Done<Feed>) {
  const refresh = useRefresh();
  const currency = useCurrency();
  const campaigns = useQuery(campaignsQuery()).data ?? [];
  const publishers = useQuery(publishersQuery()).data ?? [];
  const form = useForm({
    start: { campaign: campaign ?? "", publisher: publisher ?? "", amount: "", billable_from_s: "60" },
    check: (values) => ({
      campaign: values.campaign ? undefined : "Choose what is sent for",
      publisher: values.publisher ? undefined : "Choose who sends it",
      billable_from_s: /^\d{1,5}$/.test(values.billable_from_s.trim()) ? undefined : "Write seconds, such as 60",
    }),
    send: async (values) => {
      const payout = {
        billable_from_s: Number(values.billable_from_s),
        rules: [{ rate: { fixed: values.amount.trim() } }],
      };
      const made = await take(
        api.POST("/api/v1/feeds", {
          body: {
            campaign: values.campaign,
            publisher: values.publisher,
            ...(values.amount ? { terms: sent({ payout }) } : {}),
          },
        }),
      );
      await refresh();
      return made as unknown as Feed;
    },
    done,
  });
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <Select
        label="Publisher"
        placeholder={publishers.length ? "Choose who sends it" : "There is no publisher yet"}
        data={publishers.map((each) => ({ value: each.id, label: each.name }))}
        value={form.values.publisher || null}
        allowDeselect={false}
        searchable
        disabled={publisher !== undefined}
        onChange={(next) => form.set("publisher", next ?? "")}
        error={form.message("publisher")}
      />
      <Select
        label="Campaign"
        placeholder={campaigns.length ? "Choose what is sent for" : "There is no campaign yet"}
        data={campaigns.map((each) => ({ value: each.id, label: each.name }))}
        value={form.values.campaign || null}
        allowDeselect={false}
        searchable
        disabled={campaign !== undefined}
        onChange={(next) => form.set("campaign", next ?? "")}
        error={form.message("campaign")}
      />
      <div className="pair">
        <Amount
          label="The publisher is paid"
          description="For each sale; other rules can be set in its terms."
          optional
          placeholder="30.00"
          value={form.values.amount || undefined}
          currency={currency}
          set={(value) => form.set("amount", value === undefined ? "" : String(value))}
        />
        <TextInput
          label="Billable from"
          description="Seconds of talk; leads are always billable."
          inputMode="numeric"
          rightSection={<span className="dim">s</span>}
          {...form.text("billable_from_s")}
        />
      </div>
      <FormFoot failure={form.failure} busy={form.busy} act="Add the feed" close={cancel} />
    </form>
  );
}
