// The signed-in person's own password.

import { Button, PasswordInput } from "@mantine/core";
import { api, take } from "../../api/client";
import { Card } from "../../parts/Card";
import { useForm } from "../../parts/form";
import { StateWord } from "../../parts/State";
import { passwordToggle } from "./Door";
import { newPasswordProblem } from "./password";
import { useMe } from "./session";

export function PasswordForm() {
  const { user } = useMe();
  const form = useForm({
    start: { current: "", new: "" },
    check: (values) => ({
      current: values.current ? undefined : "Write the password you have now",
      new: newPasswordProblem(values.new, values.current),
    }),
    send: (values) => take(api.POST("/api/v1/me/password", { body: values })),
    done: () => form.reset(),
  });
  return (
    <Card title="Password" lined right={user.email}>
      <form className="pad form" onSubmit={form.submit} noValidate>
        <input type="text" name="username" autoComplete="username" value={user.email} readOnly hidden />
        <PasswordInput
          label="Present password"
          autoComplete="current-password"
          visibilityToggleButtonProps={passwordToggle}
          {...form.text("current")}
        />
        <PasswordInput
          label="New password"
          autoComplete="new-password"
          description="Other logins of yours end when it changes"
          visibilityToggleButtonProps={passwordToggle}
          {...form.text("new")}
        />
        {form.failure && (
          <p className="bad" role="alert">
            {form.failure}
          </p>
        )}
        <div className="row">
          <Button type="submit" variant="filled" loading={form.busy}>
            Change the password
          </Button>
          <span aria-live="polite">{form.saved && <StateWord tone="ok">Changed</StateWord>}</span>
        </div>
      </form>
    </Card>
  );
}
