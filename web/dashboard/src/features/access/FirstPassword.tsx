// The first sign-in with a printed password: another is chosen before anything else is shown.

import { Button, PasswordInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { api, take } from "../../api/client";
import { useForm } from "../../parts/form";
import { Door, passwordToggle } from "./Door";
import { newPasswordProblem } from "./password";
import { meKey, useSignOut } from "./session";

export function FirstPassword({ email }: { email: string }) {
  const queries = useQueryClient();
  const signOut = useSignOut();
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
    <Door
      title="Choose a password"
      form={form}
      press="Use this password"
      below={
        <Button variant="subtle" onClick={() => void signOut()} fullWidth>
          Sign out
        </Button>
      }
    >
      <p className="soft">The one you signed in with was printed, and others may have read it.</p>
      <input type="text" name="username" autoComplete="username" value={email} readOnly hidden />
      <PasswordInput
        label="Printed password"
        autoComplete="current-password"
        autoFocus
        visibilityToggleButtonProps={passwordToggle}
        {...form.text("current")}
      />
      <PasswordInput
        label="New password"
        autoComplete="new-password"
        visibilityToggleButtonProps={passwordToggle}
        {...form.text("new")}
      />
    </Door>
  );
}
