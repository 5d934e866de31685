// The first sign-in with a printed password: another is chosen before anything else is shown.

import { Button, PasswordInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { api, take } from "../../api/client";
import { Icon, Logo } from "../../parts/Icon";
import { useForm } from "../../parts/form";
import { SchemeToggle } from "../../shell/Page";
import { newPasswordProblem } from "./password";
import { meKey, useSignOut } from "./session";

const toggle = { "aria-label": "Show or hide the password" };

export function FirstPassword({ email }: { email: string }) {
  const queries = useQueryClient();
  const signOut = useSignOut();
  useEffect(() => {
    document.title = "Choose a password - Trunkline";
  }, []);

  const form = useForm({
    start: { current: "", new: "" },
    check: (values) => ({
      current: values.current ? undefined : "Write the password you signed in with",
      new: newPasswordProblem(values.new, values.current),
    }),
    send: (values) => take(api.POST("/api/v1/me/password", { body: values })),
    done: () => void queries.invalidateQueries({ queryKey: meKey }),
  });

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
          Choose a password
        </h1>
        <p className="soft">The one you signed in with was printed, and others may have read it.</p>
        <input type="text" name="username" autoComplete="username" value={email} readOnly hidden />
        <PasswordInput
          label="Printed password"
          autoComplete="current-password"
          autoFocus
          visibilityToggleButtonProps={toggle}
          {...form.text("current")}
        />
        <PasswordInput
          label="New password"
          autoComplete="new-password"
          visibilityToggleButtonProps={toggle}
          {...form.text("new")}
        />
        {form.failure && (
          <p className="note bad" role="alert">
            <Icon name="bad" />
            <span className="med">{form.failure}</span>
          </p>
        )}
        <Button type="submit" variant="filled" loading={form.busy} fullWidth>
          Use this password
        </Button>
        <Button variant="subtle" onClick={() => void signOut()} fullWidth>
          Sign out
        </Button>
      </form>
    </main>
  );
}
