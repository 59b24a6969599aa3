import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { addProvider, kindsQuery, type NewProvider } from "@/api/providers";
import { instanceQuery, scoped } from "@/api/queries";
import { providerName } from "@/lib/provider-names";
import { Dialog, DialogBody, DialogContent, DialogTrigger } from "@/ui/dialog";
import { PanelStates } from "@/ui/panel-states";
import { ProviderForm } from "@/ui/provider-form";
import type { Further } from "@/ui/provider-values";
import { Skeleton } from "@/ui/skeleton";
import { notify } from "@/ui/toast";

type Props = {
  trigger: ReactNode;
  /** A further key of this one; else a provider is chosen. */
  mount?: Further;
};

/** A dialog that takes a provider's key. */
export function AddProvider({ trigger, mount }: Props) {
  const client = useQueryClient();
  const kinds = useQuery(kindsQuery());
  const instance = useQuery(instanceQuery());
  const [open, setOpen] = useState(false);
  const add = async (values: NewProvider) => {
    const added = await addProvider(values);
    setOpen(false);
    notify(mount ? `A key was added to ${mount.name}` : `${nameOf(added)} was added`);
    await client.invalidateQueries({ queryKey: scoped("providers") });
  };
  return (
    <Dialog open={open} onOpenChange={setOpen}>
      <DialogTrigger asChild>{trigger}</DialogTrigger>
      <DialogContent
        title={mount ? `Add a key to ${mount.name}` : "Add a provider"}
        description={
          mount
            ? "Calls are shared among its keys by weight."
            : "Calls to this vendor will be made with this key."
        }
      >
        <DialogBody>
          <PanelStates
            query={kinds}
            what="add a provider"
            affected="The providers that can be added could not be loaded"
            loading={<Skeleton className="h-64" />}
          >
            {({ items }) => (
              <ProviderForm
                kinds={items}
                gatewayUrl={instance.data?.gateway_url ?? ""}
                mount={mount}
                onSubmit={add}
              />
            )}
          </PanelStates>
        </DialogBody>
      </DialogContent>
    </Dialog>
  );
}

function nameOf({ mount, provider }: { mount: string; provider: string }): string {
  return mount === provider ? providerName(provider) : mount;
}
