import { useQuery } from "@tanstack/react-query";
import { useWorkspace } from "@/api/member";
import { repricesQuery } from "@/api/prices";
import { Section } from "@/features/prices/section";
import { countExact, moneyExact } from "@/lib/format";
import { day } from "@/lib/time";
import { Badge } from "@/ui/badge";
import { Table, TD, TH, THead, TR } from "@/ui/table";
import { TimeText } from "@/ui/time-text";

/** When past calls were priced again, and what that changed. Nothing when it never happened. */
export function Reprices() {
  const { data } = useQuery(repricesQuery());
  const { timezone: zone } = useWorkspace();
  if (!data || data.items.length === 0) return null;
  return (
    <Section title="Past calls priced again" description="Each is an entry of the audit log.">
      <Table scrolls="Past calls priced again">
        <THead>
          <tr>
            <TH>When</TH>
            <TH>Calls from</TH>
            <TH>Which</TH>
            <TH align="right">Changed</TH>
            <TH align="right">Before</TH>
            <TH align="right">After</TH>
          </tr>
        </THead>
        <tbody>
          {data.items.map((item) => (
            <TR key={item.reprice_id}>
              <TD>
                <TimeText value={item.applied_at} zone={zone} />
              </TD>
              <TD className="num text-muted">
                {day(item.from, zone)} – {day(item.to, zone)}
              </TD>
              <TD className="max-w-48 truncate">
                {[item.provider, item.model].filter(Boolean).join(" / ") || "all"}
                {item.state !== "done" && (
                  <Badge tone="warning" className="ml-2">
                    {item.state}
                  </Badge>
                )}
              </TD>
              <TD numeric>{countExact(item.totals.changed)}</TD>
              <TD numeric>{moneyExact(item.totals.old_usd)}</TD>
              <TD numeric>{moneyExact(item.totals.new_usd)}</TD>
            </TR>
          ))}
        </tbody>
      </Table>
    </Section>
  );
}
