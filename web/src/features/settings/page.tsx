import { getRouteApi, Link } from "@tanstack/react-router";
import { KeysPanel } from "@/features/settings/keys-panel";
import { ProvidersPanel } from "@/features/settings/providers-panel";
import { SamplesPanel } from "@/features/settings/samples-panel";
import { WorkspacePanel } from "@/features/settings/workspace-panel";
import { PageHeader } from "@/ui/page-header";
import { tabLooks } from "@/ui/tabs";

const route = getRouteApi("/session/shell/settings/$tab");

const PANELS = {
  providers: { label: "Providers", panel: ProvidersPanel },
  keys: { label: "Keys", panel: KeysPanel },
  workspace: { label: "Workspace", panel: WorkspacePanel },
  samples: { label: "Sample data", panel: SamplesPanel },
} as const;

type Tab = keyof typeof PANELS;
const TABS = Object.keys(PANELS) as Tab[];

export function SettingsPage() {
  const { tab } = route.useParams();
  const { panel: Panel } = PANELS[tab];
  return (
    <div className="mx-auto max-w-[960px]">
      <PageHeader title="Settings" />
      <nav
        aria-label="Settings"
        className="mb-5 flex gap-5 overflow-x-auto border-b [scrollbar-width:none]"
      >
        {TABS.map((each) => (
          <Link
            key={each}
            to="/settings/$tab"
            params={{ tab: each }}
            aria-current={each === tab ? "page" : undefined}
            className={tabLooks}
          >
            {PANELS[each].label}
          </Link>
        ))}
      </nav>
      <Panel />
    </div>
  );
}
