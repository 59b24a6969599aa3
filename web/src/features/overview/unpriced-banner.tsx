import { Link } from "@tanstack/react-router";
import { useMayChange } from "@/api/roles";
import { type Answer, records } from "@/api/table";
import { useUnpriced } from "@/api/unpriced";
import { count, percent } from "@/lib/format";
import { toNumber } from "@/lib/number";
import { type Period, toPeriodSearch } from "@/lib/period";
import { Banner } from "@/ui/banner";
import { Button } from "@/ui/button";
import { UnpricedModels } from "@/ui/unpriced-models";

type Props = { answer: Answer | undefined; period: Period };

/** Says when the cost leaves calls out because no price is known for them, and how to mend it. */
export function UnpricedBanner({ answer, period }: Props) {
  const row = answer && records(answer)[0];
  const unpriced = toNumber(row?.unpriced_requests) ?? 0;
  const requests = toNumber(row?.requests) ?? 0;
  const models = useUnpriced(period, unpriced > 0);
  const allowed = useMayChange();
  if (unpriced === 0) return null;
  return (
    <Banner
      tone="warning"
      className={models.length > 0 ? "items-start [&>svg]:mt-0.5" : undefined}
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
      ({percent(requests > 0 ? unpriced / requests : null)} of all)
      {models.length > 0 &&
        `: ${models.length === 1 ? "1 model has" : `${models.length} models have`} no price`}
      . The cost below leaves them out.
      {models.length > 0 && <UnpricedModels items={models} allowed={allowed} />}
    </Banner>
  );
}
