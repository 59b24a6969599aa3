import { zodResolver } from "@hookform/resolvers/zod";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useForm } from "react-hook-form";
import * as z from "zod/mini";
import { enter, signIn } from "@/api/session";
import { placeProblem } from "@/lib/form-problem";
import { ApiError, isProblem } from "@/lib/problem";
import { checkedText, requiredText } from "@/lib/schema";
import { useCountdown, waitText } from "@/lib/use-countdown";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { FormAlert } from "@/ui/form-alert";
import { Input } from "@/ui/input";
import { PasswordInput } from "@/ui/password-input";

const schema = z.object({
  email: requiredText("Enter your email address.", 254),
  password: checkedText((text) => (text === "" ? "Enter your password." : null)),
});
type Values = z.infer<typeof schema>;

const DEFAULT_WAIT_S = 30;

export function LoginForm({ onSignedIn }: { onSignedIn: () => void }) {
  const client = useQueryClient();
  const [blockedUntil, setBlockedUntil] = useState<number | null>(null);
  const wait = useCountdown(blockedUntil);
  const form = useForm<Values>({
    resolver: zodResolver(schema),
    defaultValues: { email: "", password: "" },
  });
  const { errors, isSubmitting } = form.formState;

  const submit = form.handleSubmit(async (values) => {
    try {
      enter(client, await signIn(values));
      onSignedIn();
    } catch (error) {
      if (isProblem(error, "too_many_attempts")) {
        setBlockedUntil(Date.now() + (error.retryAfter ?? DEFAULT_WAIT_S) * 1000);
        return;
      }
      setBlockedUntil(null);
      form.setError("root", { message: messageOf(error) });
      if (error instanceof ApiError && error.status === 401) {
        form.setFocus("password", { shouldSelect: true });
      }
    }
  });

  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <Field label="Email" error={errors.email?.message}>
        {(control) => (
          <Input type="email" autoComplete="username" {...control} {...form.register("email")} />
        )}
      </Field>
      <Field label="Password" error={errors.password?.message}>
        {(control) => (
          <PasswordInput
            autoComplete="current-password"
            {...control}
            {...form.register("password")}
          />
        )}
      </Field>
      {wait > 0 ? (
        <FormAlert>
          Too many attempts with a wrong password. Signing in is paused for a while; nothing is
          locked for good.
        </FormAlert>
      ) : (
        <FormAlert>{errors.root?.message}</FormAlert>
      )}
      <Button
        type="submit"
        variant="primary"
        size="lg"
        className="num mt-1 w-full"
        loading={isSubmitting}
        disabled={wait > 0}
      >
        {wait > 0 ? `Try again in ${waitText(wait)}` : "Sign in"}
      </Button>
    </form>
  );
}

function messageOf(error: unknown): string {
  if (isProblem(error, "invalid_credentials")) return "The email or the password is wrong.";
  return placeProblem(error, []).message;
}
