import { Link } from "@tanstack/react-router";
import { type Answer, records } from "@/api/table";
import { count, percent } from "@/lib/format";
import { toNumber } from "@/lib/number";
import { type Period, toPeriodSearch } from "@/lib/period";
import { Banner } from "@/ui/banner";
import { Button } from "@/ui/button";

type Props = { answer: Answer | undefined; period: Period };

/** Says when the cost leaves calls out because no price is known for them. */
export function UnpricedBanner({ answer, period }: Props) {
  const row = answer && records(answer)[0];
  const unpriced = toNumber(row?.unpriced_requests) ?? 0;
  const requests = toNumber(row?.requests) ?? 0;
  if (unpriced === 0) return null;
  return (
    <Banner
      tone="warning"
      actions={
        <Button asChild size="sm">
          <Link to="/runs" search={{ ...toPeriodSearch(period), cost_status: ["unpriced"] }}>
            Show them
          </Link>
        </Button>
      }
    >
      <span className="num font-medium">
        {count(unpriced)} {unpriced === 1 ? "call" : "calls"} could not be priced
      </span>{" "}
      ({percent(requests > 0 ? unpriced / requests : null)} of all). The cost below leaves them out.
    </Banner>
  );
}
