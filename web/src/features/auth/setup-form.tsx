import { zodResolver } from "@hookform/resolvers/zod";
import { useQueryClient } from "@tanstack/react-query";
import { useForm } from "react-hook-form";
import * as z from "zod/mini";
import { enter, setUp } from "@/api/session";
import { emailProblem } from "@/features/auth/email";
import { PASSWORD_RULE, passwordProblem } from "@/features/auth/password";
import { placeProblem } from "@/lib/form-problem";
import { isProblem } from "@/lib/problem";
import { checkedText, requiredText } from "@/lib/schema";
import { browserTimezone } from "@/lib/timezones";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { FormAlert } from "@/ui/form-alert";
import { Input } from "@/ui/input";
import { PasswordInput } from "@/ui/password-input";

const schema = z.object({
  name: requiredText("Enter your name."),
  email: checkedText(emailProblem),
  password: checkedText(passwordProblem),
  workspace_name: requiredText("Name the workspace, for example after your team."),
});
type Values = z.infer<typeof schema>;

const FIELDS = ["name", "email", "password", "workspace_name"] as const;

type Props = { token: string; onDone: () => void; onTokenRefused: () => void };

export function SetupForm({ token, onDone, onTokenRefused }: Props) {
  const client = useQueryClient();
  const form = useForm<Values>({
    resolver: zodResolver(schema),
    defaultValues: { name: "", email: "", password: "", workspace_name: "" },
  });
  const { errors, isSubmitting } = form.formState;

  const submit = form.handleSubmit(async (values) => {
    try {
      enter(client, await setUp({ token, timezone: browserTimezone(), ...values }));
      onDone();
    } catch (error) {
      if (isProblem(error, "invalid_setup_token")) return onTokenRefused();
      const { field, message } = placeProblem(error, FIELDS);
      form.setError(field, { message });
    }
  });

  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <Field label="Your name" error={errors.name?.message}>
        {(control) => <Input autoComplete="name" {...control} {...form.register("name")} />}
      </Field>
      <Field label="Email" error={errors.email?.message}>
        {(control) => (
          <Input type="email" autoComplete="username" {...control} {...form.register("email")} />
        )}
      </Field>
      <Field label="Password" error={errors.password?.message} hint={PASSWORD_RULE}>
        {(control) => (
          <PasswordInput autoComplete="new-password" {...control} {...form.register("password")} />
        )}
      </Field>
      <Field
        label="Workspace name"
        error={errors.workspace_name?.message}
        hint="Your team or company. You can change it later."
      >
        {(control) => (
          <Input autoComplete="organization" {...control} {...form.register("workspace_name")} />
        )}
      </Field>
      <FormAlert>{errors.root?.message}</FormAlert>
      <Button
        type="submit"
        variant="primary"
        size="lg"
        className="mt-1 w-full"
        loading={isSubmitting}
      >
        Create account
      </Button>
    </form>
  );
}
