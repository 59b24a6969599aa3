import type { UseFormReturn } from "react-hook-form";
import type { Values } from "@/features/routing/values";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";

type SecondsProps = {
  form: UseFormReturn<Values>;
  name: "backoff_s" | "max_backoff_s" | "max_wait_s" | "connect_s" | "first_byte_s" | "idle_s";
  label: string;
  hint?: string;
  placeholder?: string;
};

/** A time in seconds. */
export function Seconds({ form, name, label, hint, placeholder }: SecondsProps) {
  return (
    <Field label={label} error={form.formState.errors[name]?.message} hint={hint}>
      {(control) => (
        <span className="flex items-center gap-2">
          <Input
            {...control}
            inputMode="decimal"
            autoComplete="off"
            placeholder={placeholder}
            className="num w-28"
            {...form.register(name)}
          />
          <span className="text-muted text-sm">s</span>
        </span>
      )}
    </Field>
  );
}
