import { getRouteApi } from "@tanstack/react-router";
import { GatewaysPanel } from "@/features/settings/gateways-panel";
import { KeysPanel } from "@/features/settings/keys-panel";
import { ProvidersPanel } from "@/features/settings/providers-panel";
import { SamplesPanel } from "@/features/settings/samples-panel";
import { WorkspacePanel } from "@/features/settings/workspace-panel";

const route = getRouteApi("/session/shell/settings/$tab");

const PANELS = {
  providers: ProvidersPanel,
  keys: KeysPanel,
  gateways: GatewaysPanel,
  workspace: WorkspacePanel,
  samples: SamplesPanel,
} as const;

export function SettingsPage() {
  const { tab } = route.useParams();
  const Panel = PANELS[tab];
  return <Panel />;
}
