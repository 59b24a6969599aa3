import { Plus } from "lucide-react";
import { Controller, type UseFormReturn, useFieldArray } from "react-hook-form";
import { useMounts } from "@/api/mounts";
import type { Strategy } from "@/api/routing-types";
import { useSeen } from "@/features/routing/seen";
import { MODELS, TargetRow } from "@/features/routing/target-row";
import type { Values } from "@/features/routing/values";
import { Button } from "@/ui/button";
import { Card, CardBody, CardHeader } from "@/ui/card";
import { ChoiceCards } from "@/ui/choice-cards";

type Form = UseFormReturn<Values>;

const STRATEGY_WORDS: readonly { value: Strategy; label: string; description: string }[] = [
  {
    value: "ordered",
    label: "In this order",
    description: "The first is asked; the next only when it fails.",
  },
  {
    value: "weighted",
    label: "Shared by weight",
    description: "Each call is drawn; the others stand by.",
  },
  {
    value: "lowest_latency",
    label: "The fastest first",
    description: "Whose first bytes have come soonest of late.",
  },
  {
    value: "lowest_cost",
    label: "The cheapest first",
    description: "Where a call of this size costs least now.",
  },
];

/** Where calls go: the ones not taken first are the fallbacks. */
export function TargetsCard({ form }: { form: Form }) {
  const targets = useFieldArray({ control: form.control, name: "targets" });
  const mounts = useMounts() ?? [];
  const several = targets.fields.length > 1;
  const add = () => {
    if (targets.fields.length === 0) targets.append({ mount: "", model: "", weight: "1" });
    else targets.append({ mount: mounts[0]?.name ?? "", model: "", weight: "1" });
  };
  return (
    <Card>
      <CardHeader
        title="Where they go"
        description={
          targets.fields.length === 0
            ? "As asked: to the provider and model that the call names."
            : "Until one answers; only before the first byte went to the caller."
        }
      />
      <CardBody className="flex flex-col gap-4">
        {several && (
          <Controller
            control={form.control}
            name="strategy"
            render={({ field }) => (
              <ChoiceCards
                aria-label="Which target is asked first"
                className="grid sm:grid-cols-2"
                value={field.value}
                onChange={field.onChange}
                options={STRATEGY_WORDS}
              />
            )}
          />
        )}
        {targets.fields.length > 0 && (
          <ol className="flex flex-col gap-3" aria-label="Targets">
            {targets.fields.map(({ id }, index) => (
              <TargetRow
                key={id}
                form={form}
                index={index}
                count={targets.fields.length}
                mounts={mounts}
                onMove={targets.move}
                onRemove={() => targets.remove(index)}
              />
            ))}
          </ol>
        )}
        <ModelList />
        <Button size="sm" className="w-fit" onClick={add}>
          <Plus aria-hidden />
          {targets.fields.length === 0 ? "Choose targets" : "Add a target"}
        </Button>
      </CardBody>
    </Card>
  );
}

/** Models that calls of late asked for, proposed while one types. */
function ModelList() {
  return (
    <datalist id={MODELS}>
      {useSeen("model").map(({ value }) => (
        <option key={value} value={value} />
      ))}
    </datalist>
  );
}
