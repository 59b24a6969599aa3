import { zodResolver } from "@hookform/resolvers/zod";
import { useQueryClient } from "@tanstack/react-query";
import { FormProvider, useForm } from "react-hook-form";
import type * as z from "zod/mini";
import { type ApiKey, changeKey } from "@/api/keys";
import { scoped } from "@/api/queries";
import { KeyRuleFields } from "@/features/settings/key-fields";
import { showProblem } from "@/features/settings/key-problem";
import { editSchema, toRules, toRuleValues } from "@/features/settings/key-values";
import { Button } from "@/ui/button";
import { Dialog, DialogBody, DialogClose, DialogContent, DialogFooter } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { FormAlert } from "@/ui/form-alert";
import { Input } from "@/ui/input";
import { notify } from "@/ui/toast";

type Values = z.infer<typeof editSchema>;

/** What a key is called and may do; the key itself stays. */
export function EditKey({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const client = useQueryClient();
  const ofGateway = apiKey.kind === "gateway";
  const form = useForm<Values>({
    resolver: zodResolver(editSchema),
    defaultValues: { name: apiKey.name, ...toRuleValues(apiKey) },
  });
  const { errors, isSubmitting } = form.formState;
  const submit = form.handleSubmit(async (values) => {
    try {
      const rules = ofGateway ? toRules(values) : {};
      await changeKey(apiKey.id, { name: values.name, ...rules });
      await client.invalidateQueries({ queryKey: scoped("keys") });
      notify(`${values.name} was saved`);
      onClose();
    } catch (error) {
      showProblem(form, error);
    }
  });
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent
        title={`Edit ${apiKey.name}`}
        description={ofGateway ? "Gateways follow within seconds." : undefined}
      >
        <FormProvider {...form}>
          <form onSubmit={submit} noValidate>
            <DialogBody className="flex flex-col gap-4">
              <Field label="Name" error={errors.name?.message}>
                {(control) => <Input autoComplete="off" {...control} {...form.register("name")} />}
              </Field>
              {ofGateway && <KeyRuleFields />}
              <FormAlert>{errors.root?.message}</FormAlert>
            </DialogBody>
            <DialogFooter className="sticky bottom-0 bg-surface">
              <DialogClose asChild>
                <Button>Cancel</Button>
              </DialogClose>
              <Button type="submit" variant="primary" loading={isSubmitting}>
                Save key
              </Button>
            </DialogFooter>
          </form>
        </FormProvider>
      </DialogContent>
    </Dialog>
  );
}
