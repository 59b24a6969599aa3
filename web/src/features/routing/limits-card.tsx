import { Controller, type UseFormReturn } from "react-hook-form";
import { Seconds } from "@/features/routing/seconds";
import { TTL_UNITS, type TtlUnit, type Values } from "@/features/routing/values";
import { Card, CardBody, CardHeader } from "@/ui/card";
import { Checkbox } from "@/ui/checkbox";
import { ChoiceCards } from "@/ui/choice-cards";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Select } from "@/ui/select";

type Form = UseFormReturn<Values>;

const DISCONNECT = [
  {
    value: "drain",
    label: "Read on to the end",
    description: "Within bounds, so that the bill is exact.",
  },
  {
    value: "abort",
    label: "Stop the provider",
    description: "Within a second; the rest of the bill is estimated.",
  },
] as const;
const UNITS = (Object.keys(TTL_UNITS) as TtlUnit[]).map((value) => ({ value, label: value }));

/** How long is waited, what becomes of an answer nobody waits for, and what is kept. */
export function LimitsCard({ form }: { form: Form }) {
  return (
    <Card>
      <CardHeader title="Waiting, leaving, keeping" />
      <CardBody className="flex flex-col gap-5">
        <fieldset>
          <legend className="mb-2 font-medium text-sm">Longest waits of one attempt</legend>
          <div className="grid gap-4 sm:grid-cols-3">
            <Seconds form={form} name="connect_s" label="To connect" placeholder="default" />
            <Seconds form={form} name="first_byte_s" label="First byte" placeholder="default" />
            <Seconds form={form} name="idle_s" label="Between bytes" placeholder="default" />
          </div>
        </fieldset>
        <Checkbox
          label="Refuse at once while every key is paused"
          hint="A key that keeps failing is paused for a while. Otherwise such a call is tried all the same."
          {...form.register("refuse_when_open")}
        />
        <fieldset>
          <legend className="mb-2 font-medium text-sm">When the caller hangs up</legend>
          <Controller
            control={form.control}
            name="disconnect"
            render={({ field }) => (
              <ChoiceCards
                aria-label="When the caller hangs up"
                className="grid sm:grid-cols-2"
                value={field.value}
                onChange={field.onChange}
                options={DISCONNECT}
              />
            )}
          />
        </fieldset>
        <Cache form={form} />
      </CardBody>
    </Card>
  );
}

function Cache({ form }: { form: Form }) {
  const { errors } = form.formState;
  const cached = form.watch("cached");
  return (
    <fieldset className="flex flex-col gap-3">
      <legend className="mb-2 font-medium text-sm">Answers from memory</legend>
      <Checkbox
        label="Answer the very same request from memory"
        hint="Byte for byte the same, within this workspace. It costs nothing, and what it saved is recorded."
        {...form.register("cached")}
      />
      {cached && (
        <div className="flex flex-wrap gap-4 pl-6">
          <Field label="Keep an answer for" error={errors.ttl?.message}>
            {(control) => (
              <span className="flex items-center gap-2">
                <Input
                  {...control}
                  inputMode="numeric"
                  autoComplete="off"
                  className="num w-24"
                  {...form.register("ttl")}
                />
                <Controller
                  control={form.control}
                  name="ttl_unit"
                  render={({ field }) => (
                    <Select
                      aria-label="Unit of time"
                      className="w-28"
                      value={field.value}
                      onChange={field.onChange}
                      options={UNITS}
                    />
                  )}
                />
              </span>
            )}
          </Field>
          <Field label="Largest answer" error={errors.max_mb?.message}>
            {(control) => (
              <span className="flex items-center gap-2">
                <Input
                  {...control}
                  inputMode="decimal"
                  autoComplete="off"
                  className="num w-24"
                  {...form.register("max_mb")}
                />
                <span className="text-muted text-sm">MB</span>
              </span>
            )}
          </Field>
        </div>
      )}
    </fieldset>
  );
}
