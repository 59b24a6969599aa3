import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { addProvider, type NewProvider, VENDORS, vendorName } from "@/api/providers";
import { scoped } from "@/api/queries";
import { Dialog, DialogBody, DialogContent, DialogTrigger } from "@/ui/dialog";
import { ProviderForm } from "@/ui/provider-form";
import { notify } from "@/ui/toast";

/** A dialog that takes a provider's key. */
export function AddProvider({ trigger }: { trigger: ReactNode }) {
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const add = async (values: NewProvider) => {
    const added = await addProvider(values);
    setOpen(false);
    notify(`${vendorName(added.provider)} was added`);
    await client.invalidateQueries({ queryKey: scoped("providers") });
  };
  return (
    <Dialog open={open} onOpenChange={setOpen}>
      <DialogTrigger asChild>{trigger}</DialogTrigger>
      <DialogContent
        title="Add a provider"
        description="Calls to this vendor will be made with this key."
      >
        <DialogBody>
          <ProviderForm vendors={VENDORS} onSubmit={add} />
        </DialogBody>
      </DialogContent>
    </Dialog>
  );
}
