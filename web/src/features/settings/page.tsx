import { getRouteApi } from "@tanstack/react-router";
import { KeysPanel } from "@/features/settings/keys-panel";
import { ProvidersPanel } from "@/features/settings/providers-panel";
import { SamplesPanel } from "@/features/settings/samples-panel";
import { WorkspacePanel } from "@/features/settings/workspace-panel";

const route = getRouteApi("/session/shell/settings/$tab");

const PANELS = {
  providers: ProvidersPanel,
  keys: KeysPanel,
  workspace: WorkspacePanel,
  samples: SamplesPanel,
} as const;

export function SettingsPage() {
  const { tab } = route.useParams();
  const Panel = PANELS[tab];
  return <Panel />;
}
