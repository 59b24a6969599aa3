import { zodResolver } from "@hookform/resolvers/zod";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Controller, FormProvider, useForm } from "react-hook-form";
import * as z from "zod/mini";
import { type MadeKey, makeKey } from "@/api/keys";
import { scoped } from "@/api/queries";
import { KeyRuleFields } from "@/features/settings/key-fields";
import { KEY_KINDS } from "@/features/settings/key-kinds";
import { showProblem } from "@/features/settings/key-problem";
import { editSchema, NO_RULES, toRules } from "@/features/settings/key-values";
import { Banner } from "@/ui/banner";
import { Button } from "@/ui/button";
import { ChoiceCards } from "@/ui/choice-cards";
import { CopyButton } from "@/ui/copy-button";
import {
  Dialog,
  DialogBody,
  DialogClose,
  DialogContent,
  DialogFooter,
  DialogTrigger,
} from "@/ui/dialog";
import { Field } from "@/ui/field";
import { FormAlert } from "@/ui/form-alert";
import { Input } from "@/ui/input";

const KINDS = ["gateway", "ingest", "admin"] as const;
const schema = z.extend(editSchema, { kind: z.enum(KINDS) });
type Values = z.infer<typeof schema>;
const OPTIONS = KINDS.map((value) => ({ value, ...KEY_KINDS[value] }));

/** Two steps in one dialog: what it is for, then the key itself, for the only time. */
export function CreateKey({ trigger }: { trigger: ReactNode }) {
  const [open, setOpen] = useState(false);
  const [made, setMade] = useState<MadeKey | null>(null);
  const change = (next: boolean) => {
    setOpen(next);
    if (next) setMade(null);
  };
  return (
    <Dialog open={open} onOpenChange={change}>
      <DialogTrigger asChild>{trigger}</DialogTrigger>
      {made ? (
        <DialogContent title={`Key “${made.name}” was created`}>
          <Shown made={made} />
        </DialogContent>
      ) : (
        <DialogContent title="Create a key">
          <KeyForm onMade={setMade} />
        </DialogContent>
      )}
    </Dialog>
  );
}

function KeyForm({ onMade }: { onMade: (made: MadeKey) => void }) {
  const client = useQueryClient();
  const form = useForm<Values>({
    resolver: zodResolver(schema),
    defaultValues: { name: "", kind: "gateway", ...NO_RULES },
  });
  const { errors, isSubmitting } = form.formState;
  const ofGateway = form.watch("kind") === "gateway";
  const { name: _, root: __, ...below } = errors;
  const wrong = Object.keys(below).length > 0;
  const submit = form.handleSubmit(async (values) => {
    const { name, kind } = values;
    try {
      onMade(await makeKey({ name, kind, ...(ofGateway ? toRules(values) : {}) }));
      await client.invalidateQueries({ queryKey: scoped("keys") });
    } catch (error) {
      showProblem(form, error);
    }
  });
  return (
    <FormProvider {...form}>
      <form onSubmit={submit} noValidate>
        <DialogBody className="flex flex-col gap-4">
          <Field
            label="Name"
            error={errors.name?.message}
            hint="What will use it, for example “checkout-service”."
          >
            {(control) => <Input autoComplete="off" {...control} {...form.register("name")} />}
          </Field>
          <Controller
            control={form.control}
            name="kind"
            render={({ field }) => (
              <ChoiceCards
                aria-label="Kind of key"
                value={field.value}
                onChange={field.onChange}
                options={OPTIONS}
              />
            )}
          />
          {ofGateway && (
            <details open={wrong || undefined}>
              <summary className="w-fit text-muted text-sm hover:text-ink">
                Limit what it may call, and how much
              </summary>
              <div className="mt-3 flex flex-col gap-4">
                <KeyRuleFields />
              </div>
            </details>
          )}
          <FormAlert>{errors.root?.message}</FormAlert>
        </DialogBody>
        <DialogFooter className="sticky bottom-0 bg-surface">
          <DialogClose asChild>
            <Button>Cancel</Button>
          </DialogClose>
          <Button type="submit" variant="primary" loading={isSubmitting}>
            Create key
          </Button>
        </DialogFooter>
      </form>
    </FormProvider>
  );
}

function Shown({ made }: { made: MadeKey }) {
  return (
    <>
      <DialogBody className="flex flex-col gap-3">
        <Banner tone="warning">
          This key is shown once. Copy it now and keep it with your other secrets.
        </Banner>
        <div className="flex items-center gap-2 rounded-md border bg-sunken py-2 pr-2 pl-3">
          <code className="id min-w-0 flex-1 select-all break-all">{made.key}</code>
          <CopyButton value={made.key} label="Copy key" text />
        </div>
      </DialogBody>
      <DialogFooter>
        <DialogClose asChild>
          <Button variant="primary">Done</Button>
        </DialogClose>
      </DialogFooter>
    </>
  );
}
