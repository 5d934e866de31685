// What stands before the house: the form of somebody who may not come in yet.

import { Button } from "@mantine/core";
import { useEffect, type ReactNode } from "react";
import { Icon, Logo } from "../../parts/Icon";
import { SchemeToggle } from "../../shell/Page";

export const passwordToggle = { "aria-label": "Show or hide the password" };

export function Door({
  title,
  form,
  press,
  children,
  below,
}: {
  title: string;
  form: { submit: (event: { preventDefault: () => void }) => void; failure: string | null; busy: boolean };
  /** What the button says. */
  press: string;
  /** The fields. */
  children: ReactNode;
  /** What stands below the button. */
  below: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} - Trunkline`;
  }, [title]);
  return (
    <main className="door">
      <div className="corner">
        <SchemeToggle />
      </div>
      <form className="card pad form" onSubmit={form.submit} noValidate aria-labelledby="door-title">
        <span className="brand" style={{ padding: 0, height: "auto" }}>
          <Logo />
          Trunkline
        </span>
        <h1 className="head" id="door-title">
          {title}
        </h1>
        {children}
        {form.failure && (
          <p className="note bad" role="alert">
            <Icon name="bad" />
            <span className="med">{form.failure}</span>
          </p>
        )}
        <Button type="submit" variant="filled" loading={form.busy} fullWidth>
          {press}
        </Button>
        {below}
      </form>
    </main>
  );
}
