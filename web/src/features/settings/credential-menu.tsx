import { useQueryClient } from "@tanstack/react-query";
import { Ellipsis, KeyRound, Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { deleteProvider, type Provider } from "@/api/providers";
import { scoped } from "@/api/queries";
import { EditCredential } from "@/features/settings/edit-credential";
import { ReplaceKey } from "@/features/settings/replace-key";
import { providerName } from "@/lib/provider-names";
import { Button } from "@/ui/button";
import { ConfirmDialog } from "@/ui/dialog";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/ui/menu";
import { notify, notifyError } from "@/ui/toast";

type Props = { provider: Provider; name: string };

/** What can be done with a key. */
export function CredentialMenu({ provider, name }: Props) {
  const [open, setOpen] = useState<"edit" | "replace" | "delete" | null>(null);
  const close = () => setOpen(null);
  return (
    <>
      <Menu>
        <MenuTrigger asChild>
          <Button variant="ghost" size="icon-sm" aria-label={`More for ${name}`}>
            <Ellipsis aria-hidden />
          </Button>
        </MenuTrigger>
        <MenuContent align="end">
          <MenuItem onSelect={() => setOpen("edit")}>
            <Pencil aria-hidden />
            Edit
          </MenuItem>
          {!provider.is_mock && (
            <MenuItem onSelect={() => setOpen("replace")}>
              <KeyRound aria-hidden />
              Replace the key
            </MenuItem>
          )}
          <MenuSeparator />
          <MenuItem tone="critical" onSelect={() => setOpen("delete")}>
            <Trash2 aria-hidden />
            Delete
          </MenuItem>
        </MenuContent>
      </Menu>
      {open === "edit" && <EditCredential provider={provider} onClose={close} />}
      {open === "replace" && <ReplaceKey provider={provider} onClose={close} />}
      <DeleteProvider
        provider={provider}
        name={name}
        open={open === "delete"}
        onOpenChange={(next) => setOpen(next ? "delete" : null)}
      />
    </>
  );
}

type DeleteProps = Props & { open: boolean; onOpenChange: (open: boolean) => void };

function DeleteProvider({ provider, name, open, onOpenChange }: DeleteProps) {
  const client = useQueryClient();
  const vendor = providerName(provider.provider);
  const erased = provider.is_mock
    ? `The mock stops standing in for ${vendor}.`
    : `The stored key${provider.hint ? ` …${provider.hint}` : ""} is erased.`;
  const remove = async () => {
    try {
      await deleteProvider(provider.id);
    } catch (error) {
      notifyError(error, "The key was not deleted");
      throw error;
    }
    await client.invalidateQueries({ queryKey: scoped("providers") });
    notify(`${name} was deleted`);
  };
  return (
    <ConfirmDialog
      open={open}
      onOpenChange={onOpenChange}
      title={`Delete ${name}?`}
      description={`${erased} Calls to ${vendor} at “${provider.mount}” go on with its other keys; without any they are refused. Past calls and their costs stay.`}
      action="Delete key"
      onConfirm={remove}
    />
  );
}
