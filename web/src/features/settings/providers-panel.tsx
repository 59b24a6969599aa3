import { useQuery, useQueryClient } from "@tanstack/react-query";
import { FlaskConical, Plug, Plus } from "lucide-react";
import { useState } from "react";
import { useWorkspace } from "@/api/member";
import { addMock, providersQuery } from "@/api/providers";
import { scoped } from "@/api/queries";
import { mayChange } from "@/api/roles";
import { AddProvider } from "@/features/settings/add-provider";
import { ProvidersTable } from "@/features/settings/providers-table";
import { Button } from "@/ui/button";
import { Card, CardHeader } from "@/ui/card";
import { EmptyState } from "@/ui/empty-state";
import { PanelStates } from "@/ui/panel-states";
import { SkeletonRows } from "@/ui/skeleton";
import { Table } from "@/ui/table";
import { notify, notifyError } from "@/ui/toast";

export function ProvidersPanel() {
  const providers = useQuery(providersQuery());
  const { role } = useWorkspace();
  const allowed = mayChange(role);
  const some = (providers.data?.items.length ?? 0) > 0;
  return (
    <Card>
      <CardHeader
        title="Providers"
        description="Where the gateway sends calls, and with which key."
        actions={allowed && some && <AddButton />}
      />
      <PanelStates
        query={providers}
        what="see this workspace's providers"
        affected="The providers could not be loaded"
        loading={<Loading />}
      >
        {({ items }) =>
          items.length > 0 ? (
            <ProvidersTable items={items} allowed={allowed} />
          ) : (
            <NoProvider allowed={allowed} />
          )
        }
      </PanelStates>
    </Card>
  );
}

function AddButton({ primary }: { primary?: boolean }) {
  return (
    <AddProvider
      trigger={
        <Button variant={primary ? "primary" : "secondary"}>
          <Plus aria-hidden />
          Add provider
        </Button>
      }
    />
  );
}

function NoProvider({ allowed }: { allowed: boolean }) {
  return (
    <EmptyState
      className="border-t"
      icon={Plug}
      title="No provider yet"
      actions={
        allowed && (
          <>
            <AddButton primary />
            <MockButton />
          </>
        )
      }
    >
      {allowed
        ? "Add a provider's key, or let the built-in mock provider stand in so that you can try Quotah without one."
        : "Ask an owner or administrator of this workspace to add one."}
    </EmptyState>
  );
}

function MockButton() {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const add = async () => {
    setBusy(true);
    try {
      await addMock();
      await client.invalidateQueries({ queryKey: scoped("providers") });
      notify("The mock provider stands in for the large vendors");
    } catch (error) {
      notifyError(error, "The mock provider was not added");
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button onClick={add} loading={busy}>
      {!busy && <FlaskConical aria-hidden />}
      Use the mock provider
    </Button>
  );
}

function Loading() {
  return (
    <Table aria-busy>
      <tbody>
        <SkeletonRows rows={3} columns={["w-24", "w-40", "w-20", "w-16"]} />
      </tbody>
    </Table>
  );
}
