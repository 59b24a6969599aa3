import { useQuery } from "@tanstack/react-query";
import { RefreshCw, Tag } from "lucide-react";
import { overridesQuery } from "@/api/prices";
import { useMayChange } from "@/api/roles";
import { OverridesTable } from "@/features/prices/overrides-table";
import { RepriceDialog } from "@/features/prices/reprice-dialog";
import { Reprices } from "@/features/prices/reprices";
import { Section } from "@/features/prices/section";
import { SetPriceButton } from "@/features/prices/set-price-button";
import { TransferButtons } from "@/features/prices/transfer";
import { Button } from "@/ui/button";
import { EmptyState } from "@/ui/empty-state";
import { PanelStates } from "@/ui/panel-states";
import { SkeletonRows } from "@/ui/skeleton";
import { Table } from "@/ui/table";

/** What this workspace pays instead of the list price. */
export function OverridesView() {
  const overrides = useQuery(overridesQuery());
  const allowed = useMayChange();
  const some = (overrides.data?.items.length ?? 0) > 0;
  return (
    <div className="flex flex-col gap-4">
      <Section
        title="Your prices"
        description="Contract rates and discounts. Of several that fit a call, the narrowest counts."
        actions={some && <SetPriceButton primary />}
      >
        <PanelStates
          query={overrides}
          what="see this workspace's prices"
          affected="Your prices could not be loaded"
          loading={<Loading />}
        >
          {({ items }) =>
            items.length > 0 ? (
              <OverridesTable items={items} />
            ) : (
              <EmptyState
                className="border-t"
                icon={Tag}
                title="All calls are priced by the list"
                actions={<SetPriceButton primary />}
              >
                {allowed
                  ? "Set a price where you pay something else: rates of your own, or a percentage off the list, for all models or a single one."
                  : "Owners and administrators can set prices where you pay something else."}
              </EmptyState>
            )
          }
        </PanelStates>
        <footer className="flex flex-wrap items-center justify-end gap-2 border-t px-4 py-3">
          {allowed && (
            <RepriceDialog
              trigger={
                <Button size="sm">
                  <RefreshCw aria-hidden />
                  Re-price past calls
                </Button>
              }
            />
          )}
          <TransferButtons allowed={allowed} />
        </footer>
      </Section>
      <Reprices />
    </div>
  );
}

function Loading() {
  return (
    <Table aria-busy>
      <tbody>
        <SkeletonRows rows={3} columns={["w-40", "w-32", "w-24", "w-20"]} />
      </tbody>
    </Table>
  );
}
