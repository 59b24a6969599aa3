import { Link, Outlet } from "@tanstack/react-router";
import { PanelLeftClose, PanelLeftOpen } from "lucide-react";
import { useWorkspace } from "@/api/member";
import { AccountMenu } from "@/app/account-menu";
import { GatewayBanner } from "@/app/gateway-banner";
import { NAV } from "@/app/nav";
import { PriceHost } from "@/app/price-host";
import { WorkspaceMenu } from "@/app/workspace-menu";
import { cn } from "@/lib/cn";
import { stored, useStored } from "@/lib/store";
import { Button } from "@/ui/button";
import { Tooltip } from "@/ui/tooltip";

const sidebar = stored<"open" | "icons">("quotah.sidebar", (text) =>
  text === "icons" ? "icons" : "open",
);

/** Frame of every signed-in page. */
export function Shell() {
  const workspace = useWorkspace();
  const narrow = useStored(sidebar) === "icons";
  return (
    <div className="flex min-h-dvh">
      <a
        href="#content"
        className="-top-12 fixed left-3 z-50 rounded-md bg-accent px-3 py-2 text-accent-ink focus:top-3"
      >
        Skip to content
      </a>
      <Sidebar narrow={narrow} />
      <div className="flex min-w-0 flex-1 flex-col">
        <PhoneBar />
        <main
          id="content"
          tabIndex={-1}
          className="mx-auto w-full max-w-[1440px] flex-1 px-4 pt-4 pb-24 outline-none sm:px-6 sm:pt-6 md:pb-10"
        >
          {/* Another workspace is another page: nothing of the last one may linger. */}
          <PriceHost key={workspace.id}>
            <GatewayBanner />
            <Outlet />
          </PriceHost>
        </main>
      </div>
      <PhoneNav />
    </div>
  );
}

function Sidebar({ narrow }: { narrow: boolean }) {
  const Toggle = narrow ? PanelLeftOpen : PanelLeftClose;
  const label = narrow ? "Widen the sidebar" : "Narrow the sidebar";
  return (
    <aside
      className={cn(
        "sticky top-0 flex h-dvh shrink-0 flex-col gap-3 border-r bg-surface px-2 py-3 max-md:hidden",
        narrow ? "w-[53px]" : "w-[220px]",
      )}
    >
      <WorkspaceMenu narrow={narrow} />
      <nav aria-label="Pages" className="flex flex-1 flex-col gap-0.5">
        {NAV.map(({ to, label, icon: Icon }) => (
          <Tooltip key={to} content={narrow ? label : ""} side="right">
            <Link
              to={to}
              activeOptions={{ exact: to === "/", includeSearch: false }}
              aria-label={narrow ? label : undefined}
              className="flex h-8 items-center gap-2.5 rounded-md px-2.5 font-medium text-base text-muted transition-colors duration-100 hover:bg-hover hover:text-ink data-[status=active]:bg-selected data-[status=active]:text-ink"
            >
              <Icon className="size-4 shrink-0" aria-hidden />
              {!narrow && label}
            </Link>
          </Tooltip>
        ))}
      </nav>
      <div
        className={cn("flex items-center gap-1", narrow ? "flex-col-reverse" : "justify-between")}
      >
        <AccountMenu narrow={narrow} />
        <Tooltip content={label} side={narrow ? "right" : "top"}>
          <Button
            variant="ghost"
            size="icon"
            aria-label={label}
            onClick={() => sidebar.set(narrow ? "open" : "icons")}
          >
            <Toggle aria-hidden />
          </Button>
        </Tooltip>
      </div>
    </aside>
  );
}

function PhoneBar() {
  return (
    <div className="sticky top-0 z-20 flex items-center justify-between gap-2 border-b bg-surface px-2 py-1.5 md:hidden">
      <WorkspaceMenu narrow={false} />
      <AccountMenu narrow />
    </div>
  );
}

function PhoneNav() {
  return (
    <nav
      aria-label="Pages"
      className="fixed inset-x-0 bottom-0 z-20 flex border-t bg-surface pb-[env(safe-area-inset-bottom)] md:hidden"
    >
      {NAV.map(({ to, label, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          activeOptions={{ exact: to === "/", includeSearch: false }}
          className="flex h-14 flex-1 flex-col items-center justify-center gap-1 font-medium text-muted text-xs data-[status=active]:text-accent-text"
        >
          <Icon className="size-5" aria-hidden />
          {label}
        </Link>
      ))}
    </nav>
  );
}
