import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { useCurrentInView } from "@/lib/hooks";
import { PageHeader } from "@/ui/page-header";
import { tabLooks } from "@/ui/tabs";

export const SETTINGS_TABS = ["providers", "keys", "workspace", "samples"] as const;

const LABELS: Record<(typeof SETTINGS_TABS)[number], string> = {
  providers: "Providers",
  keys: "Keys",
  workspace: "Workspace",
  samples: "Sample data",
};
const PRICING = "/settings/pricing";

/** Title and tabs of all settings. Pricing has an address of its own, for its search and models. */
export function SettingsFrame() {
  const { pathname } = useLocation();
  const inView = useCurrentInView(pathname);
  const current = (path: string) => (pathname === path ? ("page" as const) : undefined);
  return (
    <div className="mx-auto max-w-[1080px]">
      <PageHeader title="Settings" />
      <nav
        ref={inView}
        aria-label="Settings"
        className="mb-5 flex gap-5 overflow-x-auto border-b [scrollbar-width:none]"
      >
        {SETTINGS_TABS.map((tab) => (
          <Link
            key={tab}
            to="/settings/$tab"
            params={{ tab }}
            aria-current={current(`/settings/${tab}`)}
            className={tabLooks}
          >
            {LABELS[tab]}
          </Link>
        ))}
        <Link to={PRICING} aria-current={current(PRICING)} className={tabLooks}>
          Pricing
        </Link>
      </nav>
      <Outlet />
    </div>
  );
}
