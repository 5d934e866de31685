// Settings: the account, who is let through, members, API keys, and the person's own password; each part has its address.

import { Link } from "wouter";
import { Page } from "../../shell/Page";
import { ScreeningPart } from "../call/ScreeningPart";
import { AccountForm } from "./AccountForm";
import { ApiKeys } from "./ApiKeys";
import { Members } from "./Members";
import { PasswordForm } from "./PasswordForm";

const parts = [
  { id: "account", name: "Account", body: AccountForm },
  { id: "screening", name: "Screening", body: ScreeningPart },
  { id: "members", name: "Members", body: Members },
  { id: "keys", name: "API keys", body: ApiKeys },
  { id: "password", name: "Password", body: PasswordForm },
];

export default function SettingsPage({ part }: { part?: string }) {
  const chosen = parts.find((each) => each.id === part) ?? parts[0];
  const Body = chosen?.body ?? AccountForm;
  return (
    <Page title="Settings">
      <nav className="tabs" aria-label="Parts of the settings">
        {parts.map((each) => (
          <Link key={each.id} href={`/settings/${each.id}`} aria-current={each === chosen ? "page" : undefined}>
            {each.name}
          </Link>
        ))}
      </nav>
      <div className="reading">
        <Body />
      </div>
    </Page>
  );
}
