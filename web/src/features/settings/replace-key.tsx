import { useState } from "react";
import type { Provider } from "@/api/providers";
import { Footer, useSubmit } from "@/features/settings/edit-credential";
import { Dialog, DialogBody, DialogContent } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { FormAlert } from "@/ui/form-alert";
import { Input } from "@/ui/input";

type Props = { provider: Provider; onClose: () => void };

/** Another secret in the place of this one: what refers to the key, and its past, stay. */
export function ReplaceKey({ provider, onClose }: Props) {
  const [key, setKey] = useState("");
  const [address, setAddress] = useState(provider.base_url);
  const { problem, busy, submit } = useSubmit(provider, onClose, () => {
    if (!key.trim()) return { field: "api_key", message: "Paste the new API key." };
    if (!URL.canParse(address)) {
      return { field: "base_url", message: "Enter a full URL with https://." };
    }
    const moved = address.trim() === provider.base_url ? {} : { base_url: address.trim() };
    return { changes: { api_key: key.trim(), ...moved } };
  });
  const errorOf = (field: string) => (problem?.field === field ? problem.message : null);
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent
        title={`Replace the key of ${provider.name}`}
        description="Calls use the new key within seconds. Name, weight and past calls stay."
      >
        <form onSubmit={submit} noValidate>
          <DialogBody className="flex flex-col gap-4">
            <Field
              label="New API key"
              error={errorOf("api_key")}
              hint={
                provider.hint ? `In place of the key that ends in ${provider.hint}.` : undefined
              }
            >
              {(control) => (
                <Input
                  type="password"
                  autoComplete="off"
                  className="font-mono"
                  {...control}
                  value={key}
                  onChange={(event) => setKey(event.target.value)}
                />
              )}
            </Field>
            <Field
              label="Base URL"
              error={errorOf("base_url")}
              hint="A stored key is bound to its address: another address needs the key anew."
            >
              {(control) => (
                <Input
                  type="url"
                  autoComplete="off"
                  {...control}
                  value={address}
                  onChange={(event) => setAddress(event.target.value)}
                />
              )}
            </Field>
            <FormAlert>{errorOf("root")}</FormAlert>
          </DialogBody>
          <Footer busy={busy} action="Replace key" />
        </form>
      </DialogContent>
    </Dialog>
  );
}
