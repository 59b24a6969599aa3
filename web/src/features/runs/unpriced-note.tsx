import { useMayChange } from "@/api/roles";
import { useUnpriced } from "@/api/unpriced";
import type { RunsSearch } from "@/features/runs/filters";
import { toPeriod } from "@/lib/period";
import { Banner } from "@/ui/banner";
import { UnpricedModels } from "@/ui/unpriced-models";

/** Above unpriced runs: which models wait for a price. */
export function UnpricedNote({ search }: { search: RunsSearch }) {
  const wanted = search.cost_status?.includes("unpriced") ?? false;
  const found = useUnpriced(toPeriod(search), wanted);
  const allowed = useMayChange();
  const models = found.filter(({ model }) => !search.model || search.model.includes(model));
  if (models.length === 0) return null;
  return (
    <Banner tone="warning" className="mb-3 items-start [&>svg]:mt-0.5">
      <span className="font-medium">
        {models.length === 1 ? "1 model has" : `${models.length} models have`} no price
      </span>
      <UnpricedModels items={models} allowed={allowed} />
    </Banner>
  );
}
