import { zodResolver } from "@hookform/resolvers/zod";
import { useQueryClient } from "@tanstack/react-query";
import { type UseFormReturn, useForm } from "react-hook-form";
import * as z from "zod/mini";
import { useWorkspace } from "@/api/member";
import { meQuery } from "@/api/queries";
import { mayChange } from "@/api/roles";
import { changeWorkspace } from "@/api/workspaces";
import { placeProblem } from "@/lib/form-problem";
import { checkedText, requiredText } from "@/lib/schema";
import { offsetOf, timezones } from "@/lib/timezones";
import { Banner } from "@/ui/banner";
import { Button } from "@/ui/button";
import { Card, CardBody, CardFooter, CardHeader } from "@/ui/card";
import { CopyButton } from "@/ui/copy-button";
import { Field } from "@/ui/field";
import { FormAlert } from "@/ui/form-alert";
import { Input } from "@/ui/input";
import { notify } from "@/ui/toast";

const schema = z.object({
  name: requiredText("A workspace needs a name."),
  timezone: checkedText((zone) =>
    offsetOf(zone, new Date()) ? null : "Choose a zone from the list, such as Europe/Berlin.",
  ),
});
type Values = z.infer<typeof schema>;
const FIELDS = ["name", "timezone"] as const;

export function WorkspacePanel() {
  const client = useQueryClient();
  const workspace = useWorkspace();
  const allowed = mayChange(workspace.role);
  const form = useForm<Values>({
    resolver: zodResolver(schema),
    values: { name: workspace.name, timezone: workspace.timezone },
  });
  const { errors, isSubmitting, isDirty } = form.formState;

  const submit = form.handleSubmit(async (values) => {
    try {
      await changeWorkspace(workspace.id, values);
      await client.invalidateQueries({ queryKey: meQuery().queryKey });
      notify("The workspace was saved");
    } catch (error) {
      const { field, message } = placeProblem(error, FIELDS);
      form.setError(field, { message });
    }
  });

  return (
    <Card>
      <form onSubmit={submit} noValidate>
        <CardHeader title="Workspace" description="What it is called, and where its days begin." />
        <CardBody className="flex max-w-lg flex-col gap-4">
          {!allowed && (
            <Banner tone="info">
              Only owners and administrators change these. Yours is the role {workspace.role}.
            </Banner>
          )}
          <Field label="Name" error={errors.name?.message}>
            {(control) => (
              <Input
                autoComplete="off"
                disabled={!allowed}
                {...control}
                {...form.register("name")}
              />
            )}
          </Field>
          <ZoneField form={form} current={workspace.timezone} disabled={!allowed} />
          <WorkspaceId id={workspace.id} />
          <FormAlert>{errors.root?.message}</FormAlert>
        </CardBody>
        {allowed && (
          <CardFooter>
            <Button disabled={!isDirty} onClick={() => form.reset()}>
              Discard changes
            </Button>
            <Button type="submit" variant="primary" disabled={!isDirty} loading={isSubmitting}>
              Save
            </Button>
          </CardFooter>
        )}
      </form>
    </Card>
  );
}

type ZoneProps = { form: UseFormReturn<Values>; current: string; disabled: boolean };

function ZoneField({ form, current, disabled }: ZoneProps) {
  return (
    <Field
      label="Time zone"
      error={form.formState.errors.timezone?.message}
      hint={<ZoneHint zone={form.watch("timezone")} />}
    >
      {(control) => (
        <>
          <Input
            list="time-zones"
            autoComplete="off"
            disabled={disabled}
            {...control}
            {...form.register("timezone")}
          />
          <datalist id="time-zones">
            {timezones(current).map((zone) => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

function ZoneHint({ zone }: { zone: string }) {
  const offset = offsetOf(zone, new Date());
  return (
    <>
      Days, weeks and months of every chart begin at midnight here
      {offset ? ` (now ${offset})` : ""}. Nothing stored changes.
    </>
  );
}

function WorkspaceId({ id }: { id: string }) {
  return (
    <div className="flex flex-col gap-1.5">
      <span className="font-medium text-sm">Id</span>
      <span className="flex items-center gap-1 text-muted">
        <code className="id min-w-0 break-all">{id}</code>
        <CopyButton value={id} label="Copy workspace id" />
      </span>
    </div>
  );
}
