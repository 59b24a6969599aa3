import { Link, linkOptions, Outlet, useLocation } from "@tanstack/react-router";
import { useCurrentInView } from "@/lib/hooks";
import { PageHeader } from "@/ui/page-header";
import { tabLooks } from "@/ui/tabs";

export const SETTINGS_TABS = ["providers", "keys", "gateways", "workspace", "samples"] as const;

/** What is opened within a page belongs to it: a route, a model of the price book. */
const LOOSE = { exact: false, includeSearch: false };

/** In order. Routes and pricing have addresses of their own, for what is opened within them. */
const ENTRIES = linkOptions([
  { to: "/settings/$tab", params: { tab: "providers" }, label: "Providers" },
  { to: "/settings/$tab", params: { tab: "keys" }, label: "Keys" },
  { to: "/settings/routes", label: "Routes" },
  { to: "/settings/$tab", params: { tab: "gateways" }, label: "Gateways" },
  { to: "/settings/pricing", label: "Pricing" },
  { to: "/settings/$tab", params: { tab: "workspace" }, label: "Workspace" },
  { to: "/settings/$tab", params: { tab: "samples" }, label: "Sample data" },
]);

/** Title and tabs of all settings. */
export function SettingsFrame() {
  const { pathname } = useLocation();
  const inView = useCurrentInView(pathname);
  return (
    <div className="mx-auto max-w-[1080px]">
      <PageHeader title="Settings" />
      <nav
        ref={inView}
        aria-label="Settings"
        className="mb-5 flex gap-5 overflow-x-auto border-b [scrollbar-width:none]"
      >
        {ENTRIES.map(({ label, ...link }) => (
          <Link key={label} {...link} className={tabLooks} activeOptions={LOOSE}>
            {label}
          </Link>
        ))}
      </nav>
      <Outlet />
    </div>
  );
}
