import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { changeProvider, kindsQuery, type Provider } from "@/api/providers";
import { scoped } from "@/api/queries";
import { placeProblem } from "@/lib/form-problem";
import { Button } from "@/ui/button";
import { Dialog, DialogBody, DialogClose, DialogContent, DialogFooter } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { FormAlert } from "@/ui/form-alert";
import { Input } from "@/ui/input";
import { weightProblem } from "@/ui/provider-values";
import { notify } from "@/ui/toast";

type Props = { provider: Provider; onClose: () => void };

/** Name, weight and settings of a key. */
export function EditCredential({ provider, onClose }: Props) {
  const kinds = useQuery(kindsQuery());
  const kind = kinds.data?.items.find((each) => each.provider === provider.provider);
  const [values, setValues] = useState({
    name: provider.name,
    weight: String(provider.weight),
    settings: provider.settings,
  });
  const { problem, busy, submit } = useSubmit(provider, onClose, () => {
    const weight = weightProblem(values.weight);
    if (weight) return { field: "weight", message: weight };
    const name = values.name.trim();
    if (!name) return { field: "name", message: "Give the key a name." };
    const settings = kind?.settings.length ? { settings: values.settings } : {};
    return { changes: { name, weight: Number(values.weight), ...settings } };
  });
  const errorOf = (field: string) => (problem?.field === field ? problem.message : null);
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent title={`Edit ${provider.name}`}>
        <form onSubmit={submit} noValidate>
          <DialogBody className="flex flex-col gap-4">
            <Field label="Name" error={errorOf("name")}>
              {(control) => (
                <Input
                  autoComplete="off"
                  {...control}
                  value={values.name}
                  onChange={(event) => setValues({ ...values, name: event.target.value })}
                />
              )}
            </Field>
            <Field
              label="Weight"
              error={errorOf("weight")}
              hint="Its share of the calls against the other keys of the same provider. 0: only when no other will do."
            >
              {(control) => (
                <Input
                  inputMode="numeric"
                  autoComplete="off"
                  className="num w-24"
                  {...control}
                  value={values.weight}
                  onChange={(event) => setValues({ ...values, weight: event.target.value })}
                />
              )}
            </Field>
            {kind?.settings.map(({ name, label, default: usual }) => (
              <Field
                key={name}
                label={label}
                optional={Boolean(usual)}
                error={errorOf(`settings.${name}`)}
              >
                {(control) => (
                  <Input
                    autoComplete="off"
                    placeholder={usual ?? undefined}
                    {...control}
                    value={values.settings[name] ?? ""}
                    onChange={(event) =>
                      setValues({
                        ...values,
                        settings: { ...values.settings, [name]: event.target.value },
                      })
                    }
                  />
                )}
              </Field>
            ))}
            <FormAlert>{errorOf("root")}</FormAlert>
          </DialogBody>
          <Footer busy={busy} action="Save" />
        </form>
      </DialogContent>
    </Dialog>
  );
}

type Problem = { field: string; message: string };
type Changes = Parameters<typeof changeProvider>[1];

/** Sends changes of a key; a refusal stays, at the field that it names. */
export function useSubmit(
  provider: Provider,
  onDone: () => void,
  read: () => Problem | { changes: Changes },
) {
  const client = useQueryClient();
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const found = read();
    if (!("changes" in found)) {
      setProblem(found);
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      await changeProvider(provider.id, found.changes);
      await client.invalidateQueries({ queryKey: scoped("providers") });
      notify(`${provider.name} was saved`);
      onDone();
    } catch (error) {
      const settings = Object.keys(provider.settings).map((name) => `settings.${name}`);
      setProblem(placeProblem(error, ["name", "weight", "api_key", "base_url", ...settings]));
    } finally {
      setBusy(false);
    }
  };
  return { problem, busy, submit };
}

export function Footer({ busy, action }: { busy: boolean; action: string }) {
  return (
    <DialogFooter>
      <DialogClose asChild>
        <Button>Cancel</Button>
      </DialogClose>
      <Button type="submit" variant="primary" loading={busy}>
        {action}
      </Button>
    </DialogFooter>
  );
}
