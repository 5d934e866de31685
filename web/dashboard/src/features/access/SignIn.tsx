// The sign-in page: e-mail and password.

import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { api, take } from "../../api/client";
import { Icon, Logo } from "../../parts/Icon";
import { useForm } from "../../parts/form";
import { SchemeToggle } from "../../shell/Page";
import { meKey } from "./session";

export function SignIn() {
  const queries = useQueryClient();
  useEffect(() => {
    document.title = "Sign in - Trunkline";
  }, []);

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
          Sign in
        </h1>
        <TextInput label="E-mail" type="email" name="email" autoComplete="username" autoFocus {...form.text("email")} />
        <PasswordInput
          label="Password"
          name="password"
          autoComplete="current-password"
          {...form.text("password")}
          visibilityToggleButtonProps={{ "aria-label": "Show or hide the password" }}
        />
        {form.failure && (
          <p className="note bad" role="alert">
            <Icon name="bad" />
            <span className="med">{form.failure}</span>
          </p>
        )}
        <Button type="submit" variant="filled" loading={form.busy} fullWidth>
          Sign in
        </Button>
        <p className="small dim">
          The first password is printed when the server starts for the first time. Whoever runs the server can make a
          new one with <code>trunkline user</code>.
        </p>
      </form>
    </main>
  );
}
