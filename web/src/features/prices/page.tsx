import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { overridesQuery, updatesQuery } from "@/api/prices";
import { useMayChange } from "@/api/roles";
import { BookView } from "@/features/prices/book-view";
import { DisagreementsView } from "@/features/prices/disagreements-view";
import { ModelView } from "@/features/prices/model-view";
import { OverridesView } from "@/features/prices/overrides-view";
import { TrustView } from "@/features/prices/trust-view";
import { UpdatesView } from "@/features/prices/updates-view";
import { splitModel } from "@/features/prices/words";
import { useCurrentInView } from "@/lib/hooks";
import { Banner } from "@/ui/banner";

const route = getRouteApi("/session/shell/settings/pricing");

const VIEWS = [
  { view: "book", label: "Price book" },
  { view: "overrides", label: "Your prices" },
  { view: "reported", label: "Reported costs" },
  { view: "updates", label: "Updates" },
  { view: "disagreements", label: "Disagreements" },
] as const;

/** What calls are priced by, and what this workspace pays instead. */
export function PricesPage() {
  const search = route.useSearch();
  const allowed = useMayChange();
  if (search.model) return <ModelView {...splitModel(search.model)} />;
  const view = search.view ?? "book";
  return (
    <>
      <Views current={view} />
      {!allowed && (
        <Banner tone="info" className="mb-4">
          You see all prices. Owners and administrators of this workspace can change them.
        </Banner>
      )}
      {view === "book" && <BookView />}
      {view === "overrides" && <OverridesView />}
      {view === "reported" && <TrustView />}
      {view === "updates" && <UpdatesView />}
      {view === "disagreements" && <DisagreementsView />}
    </>
  );
}

function Views({ current }: { current: string }) {
  const inView = useCurrentInView(current);
  const overrides = useQuery(overridesQuery());
  const updates = useQuery(updatesQuery());
  const counts: Record<string, number | undefined> = {
    overrides: overrides.data?.items.length,
    updates: updates.data?.items.filter(({ state }) => state === "held").length,
  };
  return (
    <nav
      ref={inView}
      aria-label="Pricing"
      className="-mx-4 mb-4 flex gap-1 overflow-x-auto px-4 [scrollbar-width:none] sm:mx-0 sm:px-0"
    >
      {VIEWS.map(({ view, label }) => (
        <Link
          key={view}
          to="/settings/pricing"
          search={view === "book" ? {} : { view }}
          // The search of the address says which of them is shown, not the path that all share.
          activeOptions={{ exact: true, includeSearch: true }}
          aria-current={view === current ? "page" : undefined}
          className="inline-flex h-8 shrink-0 items-center gap-1.5 rounded-md px-2.5 font-medium text-muted text-sm transition-colors duration-100 hover:bg-hover hover:text-ink aria-[current=page]:bg-selected aria-[current=page]:text-ink"
        >
          {label}
          {Boolean(counts[view]) && <span className="num text-xs">{counts[view]}</span>}
        </Link>
      ))}
    </nav>
  );
}
