import type { RunDetail } from "@/api/contract";
import { colorOf } from "@/charts/palette";
import { duration } from "@/lib/format";
import { providerName } from "@/lib/provider-names";
import { Badge } from "@/ui/badge";
import { Card, CardHeader } from "@/ui/card";
import { ModelName } from "@/ui/model-name";
import { Money } from "@/ui/money";
import { StatusBadge } from "@/ui/status-badge";
import { Table, TD, TH, THead, TR } from "@/ui/table";
import { TimeText } from "@/ui/time-text";
import { Tooltip } from "@/ui/tooltip";

/** Every try at a provider. The cost of the run is the sum of all of them. */
export function AttemptsSection({ run, zone }: { run: RunDetail; zone: string }) {
  if (run.attempt_list.length < 2) return null;
  return (
    <Card className="overflow-hidden">
      <CardHeader
        title="Attempts"
        description={`Asked ${run.attempt_list.length} times; the cost of the run is the sum.`}
      />
      <Table>
        <THead>
          <tr>
            <TH className="max-sm:hidden">No.</TH>
            <TH>Model</TH>
            <TH className="max-sm:hidden">Provider and key</TH>
            <TH>Status</TH>
            <TH className="max-2xl:hidden">Started</TH>
            <TH align="right" className="max-sm:hidden">
              Latency
            </TH>
            <TH align="right">Cost</TH>
          </tr>
        </THead>
        <tbody>
          {run.attempt_list.map((each) => (
            <TR key={each.event_id}>
              <TD className="num text-muted max-sm:hidden">{each.attempt}</TD>
              <TD className="max-w-56 max-sm:max-w-36">
                <ModelName model={each.model} color={colorOf(each.provider, each.model)} />
              </TD>
              <TD className="max-w-44 truncate max-sm:hidden" title={each.credential_name ?? ""}>
                {providerName(each.provider)}
                <span className="ml-2 text-faint">
                  {each.credential_name ?? (each.credential_id ? "deleted key" : "")}
                </span>
              </TD>
              <TD>
                <StatusBadge
                  status={each.status}
                  detail={each.http_status ? String(each.http_status) : each.error_class}
                />
                {each.event_id === run.event_id && (
                  <Tooltip content="This is what the caller got.">
                    <Badge
                      tone="accent"
                      className="ml-2 max-sm:mt-1 max-sm:ml-0 max-sm:flex max-sm:w-fit"
                    >
                      {each.status === "success" ? "answered" : "passed on"}
                    </Badge>
                  </Tooltip>
                )}
              </TD>
              <TD className="max-2xl:hidden">
                <TimeText value={each.started_at} zone={zone} className="num text-muted" />
              </TD>
              <TD numeric className="max-sm:hidden">
                {duration(each.latency_ms)}
              </TD>
              <TD numeric>
                <Money value={each.cost_usd} />
              </TD>
            </TR>
          ))}
        </tbody>
      </Table>
    </Card>
  );
}
