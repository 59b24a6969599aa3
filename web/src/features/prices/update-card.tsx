import { useWorkspace } from "@/api/member";
import type { PriceChange, Update } from "@/api/price-types";
import { judgeUpdate, usePricesChanged } from "@/api/prices";
import { Section } from "@/features/prices/section";
import { countExact, moneyExact, NONE } from "@/lib/format";
import { Badge, type Tone } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ConfirmDialog } from "@/ui/dialog";
import { Table, TD, TH, THead, TR } from "@/ui/table";
import { TimeText } from "@/ui/time-text";
import { notify, notifyError } from "@/ui/toast";

const STATES: Record<Update["state"], { word: string; tone: Tone }> = {
  held: { word: "Waits for you", tone: "warning" },
  applied: { word: "In force", tone: "good" },
  rejected: { word: "Rejected", tone: "neutral" },
  failed: { word: "Failed", tone: "critical" },
};

export function UpdateCard({ item, allowed }: { item: Update; allowed: boolean }) {
  const { timezone: zone } = useWorkspace();
  const { word, tone } = STATES[item.state];
  const counts = [
    `${countExact(item.changed)} changed`,
    `${countExact(item.added)} added`,
    `${countExact(item.removed)} removed`,
  ];
  return (
    <Section
      title={
        <span className="flex flex-wrap items-center gap-2">
          {item.version ? <span className="id">{item.version}</span> : "Update"}
          <Badge tone={tone} dot>
            {word}
          </Badge>
        </span>
      }
      description={
        <span className="num">
          Found <TimeText value={item.found_at} zone={zone} />
          {item.state !== "failed" && `. Rates: ${counts.join(", ")}`}
        </span>
      }
      actions={allowed && item.state === "held" && <Decide item={item} />}
    >
      {item.reasons.length > 0 && (
        <ul className="list-disc px-4 pb-3 pl-8 text-sm">
          {item.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      {item.changes.length > 0 && (
        <details open={item.state === "held" || undefined} className="border-t">
          <summary className="px-4 py-2 text-muted text-sm hover:text-ink">
            {item.changed > item.changes.length
              ? `The first ${item.changes.length} of ${countExact(item.changed)} changes`
              : "Changes"}
          </summary>
          <Changes items={item.changes} />
        </details>
      )}
    </Section>
  );
}

function Changes({ items }: { items: readonly PriceChange[] }) {
  return (
    <div className="max-h-96 overflow-y-auto">
      <Table scrolls="Changes of rates">
        <THead>
          <tr>
            <TH>Model</TH>
            <TH>Rate</TH>
            <TH align="right">Old</TH>
            <TH align="right">New</TH>
            <TH align="right">Ratio</TH>
          </tr>
        </THead>
        <tbody>
          {items.map((change, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a list that never changes
            <TR key={index}>
              <TD className="max-w-72 truncate max-sm:max-w-32">
                <span className="font-medium">{change.model}</span>{" "}
                <span className="text-faint">{change.provider}</span>
              </TD>
              <TD className="text-muted">
                {[change.unit.replaceAll("_", " "), change.when].filter(Boolean).join(", ")}
              </TD>
              <TD numeric>{change.old_usd === null ? NONE : moneyExact(change.old_usd)}</TD>
              <TD numeric>{change.new_usd === null ? NONE : moneyExact(change.new_usd)}</TD>
              <TD numeric className={isAbsurd(change.ratio) ? "font-medium text-warning" : ""}>
                {change.ratio === null ? NONE : `× ${shortRatio(change.ratio)}`}
              </TD>
            </TR>
          ))}
        </tbody>
      </Table>
    </div>
  );
}

/** A rate that changes tenfold either way is more often a mistake than a price. */
export function isAbsurd(ratio: string | null): boolean {
  const value = Number(ratio);
  return ratio !== null && (value > 10 || value < 0.1);
}

function shortRatio(ratio: string): string {
  return new Intl.NumberFormat("en-US", { maximumSignificantDigits: 4 }).format(Number(ratio));
}

function Decide({ item }: { item: Update }) {
  const changed = usePricesChanged();
  const judge = async (verdict: "accept" | "reject") => {
    try {
      await judgeUpdate(item.id, verdict);
    } catch (error) {
      notifyError(error, `The update was not ${verdict}ed`);
      throw error;
    }
    notify(verdict === "accept" ? "The new prices are in force" : "The update was rejected");
    await changed();
  };
  return (
    <>
      <ConfirmDialog
        trigger={<Button variant="danger">Reject</Button>}
        title="Reject this update?"
        description="The prices in force stay. The same list is not offered again; a later one is."
        action="Reject"
        onConfirm={() => judge("reject")}
      />
      <ConfirmDialog
        trigger={<Button variant="primary">Accept</Button>}
        title="Accept this update?"
        description="New calls are priced by it at once, in every workspace. Past calls keep their cost until they are priced again."
        action="Accept"
        onConfirm={() => judge("accept")}
      />
    </>
  );
}
