// The sign-in page: e-mail and password.

import { PasswordInput, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { api, take } from "../../api/client";
import { useForm } from "../../parts/form";
import { Door, passwordToggle } from "./Door";
import { meKey } from "./session";

export function SignIn() {
  const queries = useQueryClient();
  const form = useForm({
    start: { email: "", password: "" },
    check: (values) => ({
      email: values.email.includes("@") ? undefined : "Write the whole address, such as ana@agency.example",
      password: values.password ? undefined : "Write the password",
    }),
    send: ({ email, password }) => take(api.POST("/api/v1/login", { body: { email: email.trim(), password } })),
    done: (me) => queries.setQueryData(meKey, me),
  });

  return (
    <Door
      title="Sign in"
      form={form}
      press="Sign in"
      below={
        <p className="small dim">
          The first password is printed when the server starts for the first time. Whoever runs the server can make a
          new one with <code>trunkline user</code>.
        </p>
      }
    >
      <TextInput label="E-mail" type="email" name="email" autoComplete="username" autoFocus {...form.text("email")} />
      <PasswordInput
        label="Password"
        name="password"
        autoComplete="current-password"
        {...form.text("password")}
        visibilityToggleButtonProps={passwordToggle}
      />
    </Door>
  );
}
