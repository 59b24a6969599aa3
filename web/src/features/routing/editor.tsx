import { zodResolver } from "@hookform/resolvers/zod";
import { Link, useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { Controller, type Path, useForm } from "react-hook-form";
import { useMayChange } from "@/api/roles";
import { saveRoute, useRoutesChanged } from "@/api/routing";
import type { RouteIn } from "@/api/routing-types";
import { DryRunCard } from "@/features/routing/dry-run";
import { FailureCard } from "@/features/routing/failure-card";
import { LeaveGuard } from "@/features/routing/leave-guard";
import { LimitsCard } from "@/features/routing/limits-card";
import { MatchCard } from "@/features/routing/match-card";
import { placeOf } from "@/features/routing/problem-place";
import { TargetsCard } from "@/features/routing/targets-card";
import { schema, toRoute, toValues, type Values } from "@/features/routing/values";
import { placeProblem } from "@/lib/form-problem";
import { ApiError, explain } from "@/lib/problem";
import { Banner } from "@/ui/banner";
import { Button } from "@/ui/button";
import { Card, CardBody } from "@/ui/card";
import { Field } from "@/ui/field";
import { FormAlert } from "@/ui/form-alert";
import { Input } from "@/ui/input";
import { Switch } from "@/ui/switch";
import { notify } from "@/ui/toast";

type Props = { start: RouteIn /** Null: a route that is not saved yet. */; id: string | null };

/** The form of a route, and beside it what a call would do by it as it stands. */
export function RouteEditor({ start, id }: Props) {
  const allowed = useMayChange();
  const { form, submit, changed } = useRouteForm(start, id);
  const { errors, isSubmitting } = form.formState;
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_368px]">
      <form onSubmit={submit} noValidate className="min-w-0">
        <fieldset disabled={!allowed} className="flex min-w-0 flex-col gap-4">
          {!allowed && (
            <Banner tone="info">
              Only owners and administrators of this workspace change routes.
            </Banner>
          )}
          <Card>
            <CardBody className="flex items-start gap-4 pt-4">
              <Field label="Name" className="flex-1" error={errors.name?.message}>
                {(control) => (
                  <Input
                    autoComplete="off"
                    placeholder="What it is for"
                    {...control}
                    {...form.register("name")}
                  />
                )}
              </Field>
              <Controller
                control={form.control}
                name="enabled"
                render={({ field }) => (
                  <Field label="Enabled">
                    {(control) => (
                      <span className="flex h-9 items-center">
                        <Switch
                          {...control}
                          checked={field.value}
                          onCheckedChange={field.onChange}
                        />
                      </span>
                    )}
                  </Field>
                )}
              />
            </CardBody>
          </Card>
          <MatchCard form={form} />
          <TargetsCard form={form} />
          <FailureCard form={form} />
          <LimitsCard form={form} />
          <FormAlert>{errors.root?.message}</FormAlert>
          {allowed && (
            <div className="sticky bottom-0 z-10 -mx-1 flex justify-end gap-2 bg-canvas px-1 py-3 max-md:bottom-[calc(56px+env(safe-area-inset-bottom))]">
              <Button asChild>
                <Link to="/settings/routes">Cancel</Link>
              </Button>
              <Button type="submit" variant="primary" loading={isSubmitting}>
                {id === null ? "Create route" : "Save route"}
              </Button>
            </div>
          )}
        </fieldset>
      </form>
      <DryRunCard form={form} id={id} />
      <LeaveGuard changed={changed} />
    </div>
  );
}

function useRouteForm(start: RouteIn, id: string | null) {
  const navigate = useNavigate();
  const refresh = useRoutesChanged();
  const done = useRef(false);
  const form = useForm<Values>({ resolver: zodResolver(schema), defaultValues: toValues(start) });
  const submit = form.handleSubmit(async (values) => {
    try {
      const saved = await saveRoute(toRoute(values), id);
      done.current = true;
      await refresh();
      notify(id === null ? `${saved.name} was created` : `${saved.name} was saved`);
      await navigate({ to: "/settings/routes" });
    } catch (error) {
      const place = error instanceof ApiError ? placeOf(error.problem.field) : null;
      if (place) {
        const { title, detail } = explain(error);
        form.setError(place as Path<Values>, { message: detail || title }, { shouldFocus: true });
      } else form.setError("root", { message: placeProblem(error, []).message });
    }
  });
  // Read here, so that the form keeps track of it.
  const { isDirty } = form.formState;
  return { form, submit, changed: () => isDirty && !done.current };
}
