import { useQuery } from "@tanstack/react-query";
import { Scale } from "lucide-react";
import { disagreementsQuery } from "@/api/prices";
import { Section } from "@/features/prices/section";
import { sinceWords } from "@/features/prices/words";
import { rateOf } from "@/lib/line-items";
import { providerName } from "@/lib/provider-names";
import { EmptyState } from "@/ui/empty-state";
import { ExternalLink } from "@/ui/external-link";
import { PanelStates } from "@/ui/panel-states";
import { SkeletonRows } from "@/ui/skeleton";
import { Table, TD, TH, THead, TR } from "@/ui/table";

/** Rates where our own reading of a provider's page differs from the public list. */
export function DisagreementsView() {
  const answer = useQuery(disagreementsQuery());
  return (
    <Section
      title="Where sources disagree"
      description="The book is a public list, mended where the provider's own page says otherwise. Here is every rate that was mended; ours counts."
    >
      <PanelStates
        query={answer}
        what="see where prices disagree"
        affected="The disagreements could not be loaded"
        loading={
          <Table aria-busy>
            <tbody>
              <SkeletonRows rows={8} columns={["w-40", "w-24", "w-16", "w-16", "w-32"]} />
            </tbody>
          </Table>
        }
      >
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState className="border-t" icon={Scale} title="All sources agree">
              Every rate of ours is the one of the public list.
            </EmptyState>
          ) : (
            <Table>
              <THead>
                <tr>
                  <TH>Model</TH>
                  <TH>Rate</TH>
                  <TH align="right">Ours</TH>
                  <TH align="right">Theirs</TH>
                  <TH className="max-md:hidden">Since</TH>
                  <TH>Our source</TH>
                </tr>
              </THead>
              <tbody>
                {items.map((item, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a list that never changes
                  <TR key={index}>
                    <TD className="max-w-64 truncate max-sm:max-w-32" title={item.model}>
                      <span className="font-medium">{item.model}</span>{" "}
                      <span className="text-faint">{providerName(item.provider)}</span>
                    </TD>
                    <TD className="max-w-56 truncate text-muted">
                      {[item.unit.replaceAll("_", " "), item.when].filter(Boolean).join(", ")}
                    </TD>
                    <TD numeric className="font-medium">
                      {rateOf({ rate_usd: item.ours_usd, per: item.per })}
                    </TD>
                    <TD numeric className="text-muted" title={item.source_theirs}>
                      {rateOf({ rate_usd: item.theirs_usd, per: item.per })}
                    </TD>
                    <TD className="num text-muted max-md:hidden">
                      {item.until
                        ? `${sinceWords(item.since)} – ${sinceWords(item.until)}`
                        : sinceWords(item.since)}
                    </TD>
                    <TD className="max-w-52">
                      <ExternalLink href={item.source_ours} />
                    </TD>
                  </TR>
                ))}
              </tbody>
            </Table>
          )
        }
      </PanelStates>
    </Section>
  );
}
