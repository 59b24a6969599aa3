import { useMutation, useQuery } from "@tanstack/react-query";
import { PackageCheck, RefreshCw } from "lucide-react";
import { useWorkspace } from "@/api/member";
import type { Updates } from "@/api/price-types";
import { checkUpdates, enableUpdates, updatesQuery, usePricesChanged } from "@/api/prices";
import { Section } from "@/features/prices/section";
import { UpdateCard } from "@/features/prices/update-card";
import { Banner } from "@/ui/banner";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { EmptyState } from "@/ui/empty-state";
import { PanelStates } from "@/ui/panel-states";
import { Skeleton } from "@/ui/skeleton";
import { Switch } from "@/ui/switch";
import { TimeText } from "@/ui/time-text";
import { notify, notifyError } from "@/ui/toast";

/** Newer list prices: whether to look for them, and those that wait for a decision. */
export function UpdatesView() {
  const updates = useQuery(updatesQuery());
  return (
    <PanelStates
      query={updates}
      what="see updates of the prices"
      affected="The updates could not be loaded"
      loading={<Skeleton className="h-40 rounded-lg" />}
    >
      {(data) => (
        <div className="flex flex-col gap-4">
          <Renewal data={data} />
          {data.items.length === 0 ? (
            <Card>
              <EmptyState icon={PackageCheck} title="No update so far">
                {data.enabled
                  ? "A newer list appears here with all that it changes. One that changes a rate by more than ten times waits for you."
                  : "The list that came with this version is in force. Turn updates on to be offered newer ones."}
              </EmptyState>
            </Card>
          ) : (
            data.items.map((item) => (
              <UpdateCard key={item.id} item={item} allowed={data.may_change} />
            ))
          )}
        </div>
      )}
    </PanelStates>
  );
}

function Renewal({ data }: { data: Updates }) {
  const changed = usePricesChanged();
  const { timezone: zone } = useWorkspace();
  const enable = useMutation({
    mutationFn: enableUpdates,
    onError: (error) => notifyError(error, "The choice was not saved"),
    onSettled: changed,
  });
  const check = useMutation({
    mutationFn: checkUpdates,
    onSuccess: ({ last_error }) => {
      // A failure stands on the page itself.
      if (!last_error) notify("Looked for newer prices");
    },
    onError: (error) => notifyError(error, "Newer prices could not be looked for"),
    onSettled: changed,
  });
  const on = enable.isPending ? enable.variables : data.enabled;
  return (
    <Section
      title="Newer list prices"
      description="Fetched from the address below once a day. Nothing about your calls is sent."
    >
      <div className="flex flex-wrap items-center gap-x-4 gap-y-3 border-t px-4 py-3">
        <Switch
          aria-labelledby="updates-switch"
          checked={on}
          disabled={!data.may_change}
          onCheckedChange={(next) => enable.mutate(next)}
        />
        <span className="min-w-0 flex-1">
          <span id="updates-switch" className="block font-medium">
            {on ? "Updates are on" : "Updates are off"}
          </span>
          <span className="id block break-all text-muted">{data.url}</span>
        </span>
        <span className="text-muted text-sm">
          {data.last_checked_at ? (
            <>
              Checked <TimeText value={data.last_checked_at} zone={zone} />
            </>
          ) : (
            "Never checked"
          )}
        </span>
        {data.may_change && (
          <Button loading={check.isPending} onClick={() => check.mutate()}>
            {!check.isPending && <RefreshCw aria-hidden />}
            Check now
          </Button>
        )}
      </div>
      {data.last_error && (
        <div className="px-4 pb-3">
          <Banner tone="warning">
            The last check failed: {data.last_error} The prices in force stay as they are.
          </Banner>
        </div>
      )}
      {!data.may_change && (
        <p className="border-t px-4 py-2 text-muted text-sm">
          The list is shared by all workspaces: who runs this Quotah decides about it.
        </p>
      )}
    </Section>
  );
}
