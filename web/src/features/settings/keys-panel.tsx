import { useQuery } from "@tanstack/react-query";
import { KeyRound, Plus } from "lucide-react";
import { keysQuery } from "@/api/keys";
import { useWorkspace } from "@/api/member";
import { mayChange } from "@/api/roles";
import { CreateKey } from "@/features/settings/create-key";
import { KeysTable } from "@/features/settings/keys-table";
import { Button } from "@/ui/button";
import { Card, CardHeader } from "@/ui/card";
import { EmptyState } from "@/ui/empty-state";
import { PanelStates } from "@/ui/panel-states";
import { SkeletonRows } from "@/ui/skeleton";
import { Table } from "@/ui/table";

export function KeysPanel() {
  const keys = useQuery(keysQuery());
  const { role } = useWorkspace();
  const allowed = mayChange(role);
  const create = (
    <CreateKey
      trigger={
        <Button variant="primary">
          <Plus aria-hidden />
          Create key
        </Button>
      }
    />
  );
  return (
    <Card>
      <CardHeader
        title="Keys"
        description="What your applications show to Quotah. Each is shown once, when it is made."
        actions={allowed && (keys.data?.items.length ?? 0) > 0 && create}
      />
      <PanelStates
        query={keys}
        what="see this workspace's keys"
        affected="The keys could not be loaded"
        loading={<Loading />}
      >
        {({ items }) =>
          items.length > 0 ? (
            <KeysTable items={items} allowed={allowed} />
          ) : (
            <EmptyState
              className="border-t"
              icon={KeyRound}
              title="No key yet"
              actions={allowed && create}
            >
              {allowed
                ? "Create a gateway key and give it to a client in place of the provider's own."
                : "Ask an owner or administrator of this workspace to create one."}
            </EmptyState>
          )
        }
      </PanelStates>
    </Card>
  );
}

function Loading() {
  return (
    <Table aria-busy>
      <tbody>
        <SkeletonRows rows={4} columns={["w-32", "w-16", "w-28", "w-20", "w-16"]} />
      </tbody>
    </Table>
  );
}
