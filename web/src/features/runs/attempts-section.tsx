import type { RunDetail } from "@/api/contract";
import { duration } from "@/lib/format";
import { Card, CardHeader } from "@/ui/card";
import { Money } from "@/ui/money";
import { StatusBadge } from "@/ui/status-badge";
import { Table, TD, TH, THead, TR } from "@/ui/table";
import { TimeText } from "@/ui/time-text";

/** Every try at a provider. The cost of the run is the sum of all of them. */
export function AttemptsSection({ run, zone }: { run: RunDetail; zone: string }) {
  if (run.attempt_list.length < 2) return null;
  return (
    <Card className="overflow-hidden">
      <CardHeader
        title="Attempts"
        description={`Tried ${run.attempt_list.length} times; the cost of the run is the sum.`}
      />
      <Table>
        <THead>
          <tr>
            <TH>No.</TH>
            <TH>Started</TH>
            <TH>Status</TH>
            <TH align="right">Latency</TH>
            <TH align="right">Cost</TH>
          </tr>
        </THead>
        <tbody>
          {run.attempt_list.map((each) => (
            <TR key={each.event_id}>
              <TD className="num text-muted">{each.attempt}</TD>
              <TD>
                <TimeText value={each.started_at} zone={zone} className="num text-muted" />
              </TD>
              <TD>
                <StatusBadge
                  status={each.status}
                  detail={each.http_status ? String(each.http_status) : each.error_class}
                />
              </TD>
              <TD numeric>{duration(each.latency_ms)}</TD>
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
