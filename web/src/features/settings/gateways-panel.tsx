import { useQuery } from "@tanstack/react-query";
import { RadioTower } from "lucide-react";
import { gatewaysQuery } from "@/api/gateways";
import type { Gateway } from "@/api/routing-types";
import { When } from "@/features/settings/when";
import { countExact } from "@/lib/format";
import { gatewayState, lossWords, shortId } from "@/lib/gateway-health";
import { useNow } from "@/lib/hooks";
import { Badge } from "@/ui/badge";
import { Card, CardHeader } from "@/ui/card";
import { EmptyState } from "@/ui/empty-state";
import { PanelStates } from "@/ui/panel-states";
import { SkeletonRows } from "@/ui/skeleton";
import { Table, TD, TH, THead, TR } from "@/ui/table";
import { Tooltip } from "@/ui/tooltip";

/** The processes that carry the calls, as they tell of themselves. */
export function GatewaysPanel() {
  const gateways = useQuery(gatewaysQuery());
  return (
    <Card className="overflow-hidden">
      <CardHeader
        title="Gateways"
        description="The processes that carry the calls. Each reports every few seconds."
      />
      <PanelStates
        query={gateways}
        what="see the gateways"
        affected="The gateways could not be loaded"
        loading={<Loading />}
      >
        {({ items }) =>
          items.length > 0 ? (
            <GatewayTable items={items} />
          ) : (
            <EmptyState
              className="border-t"
              icon={RadioTower}
              title="No gateway has been heard of in the last minute"
            >
              <code className="id">quotah up</code> starts one beside the dashboard,{" "}
              <code className="id">quotah gateway</code> one on its own. A gateway that is running
              and cannot reach this dashboard goes on with what it knew last.
            </EmptyState>
          )
        }
      </PanelStates>
    </Card>
  );
}

function GatewayTable({ items }: { items: readonly Gateway[] }) {
  const now = useNow(2_000);
  return (
    <Table>
      <THead>
        <tr>
          <TH>Gateway</TH>
          <TH className="max-sm:hidden">State</TH>
          <TH align="right">In flight</TH>
          <TH align="right">
            <Tooltip content="Events written to the gateway's disk and not yet delivered to the store">
              <span>Journal</span>
            </Tooltip>
          </TH>
          <TH align="right">Lost</TH>
          <TH className="max-sm:hidden">Started</TH>
          <TH className="max-sm:hidden">Heard of</TH>
        </tr>
      </THead>
      <tbody>
        {items.map((gateway) => {
          const { tone, label, meaning } = gatewayState(gateway, now);
          const lost = lossWords(gateway.losses);
          return (
            <TR key={gateway.gateway_id} className="hover:bg-hover">
              <TD
                className="max-w-48 truncate max-sm:max-w-36 max-sm:py-2"
                title={gateway.gateway_id}
              >
                <span className="id">{shortId(gateway.gateway_id)}</span>
                <Badge tone={tone} dot className="mt-1 flex w-fit sm:hidden" title={meaning}>
                  {label}
                </Badge>
              </TD>
              <TD className="max-sm:hidden">
                <Tooltip content={meaning}>
                  <Badge tone={tone} dot>
                    {label}
                  </Badge>
                </Tooltip>
              </TD>
              <TD numeric>{countExact(gateway.in_flight)}</TD>
              <TD numeric>{countExact(gateway.journal_depth)}</TD>
              <TD numeric className={lost.total > 0 ? "text-critical" : "text-muted"}>
                <Tooltip content={lost.parts.join(", ")}>
                  <span>{countExact(lost.total)}</span>
                </Tooltip>
              </TD>
              <TD className="text-muted max-sm:hidden">
                <When at={gateway.started_at} never="–" />
              </TD>
              <TD className="text-muted max-sm:hidden">
                <When at={gateway.seen_at} never="–" />
              </TD>
            </TR>
          );
        })}
      </tbody>
    </Table>
  );
}

function Loading() {
  return (
    <Table aria-busy>
      <tbody>
        <SkeletonRows rows={2} columns={["w-40", "w-16", "w-10", "w-10", "w-10", "w-16"]} />
      </tbody>
    </Table>
  );
}
