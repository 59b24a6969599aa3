import { useNavigate } from "@tanstack/react-router";
import { ChevronsUpDown } from "lucide-react";
import { useMe, useWorkspace } from "@/api/member";
import { currentWorkspace } from "@/api/workspace";
import { cn } from "@/lib/cn";
import { Badge } from "@/ui/badge";
import { Mark } from "@/ui/brand";
import {
  Menu,
  MenuContent,
  MenuLabel,
  MenuRadioGroup,
  MenuRadioItem,
  MenuTrigger,
} from "@/ui/menu";

/** Which workspace is looked at, and the others. */
export function WorkspaceMenu({ narrow }: { narrow: boolean }) {
  const { workspaces } = useMe();
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const choose = (id: string) => {
    currentWorkspace.set(id);
    void navigate({ to: "/" });
  };
  return (
    <Menu>
      <MenuTrigger
        aria-label={`Workspace ${workspace.name}. Change workspace`}
        className={cn(
          "flex h-10 min-w-0 items-center gap-2.5 rounded-md px-1.5 text-left hover:bg-hover",
          narrow && "justify-center px-0",
        )}
      >
        <Mark className="size-6 shrink-0" />
        {!narrow && (
          <>
            <span className="min-w-0 flex-1 truncate font-semibold text-base">
              {workspace.name}
            </span>
            <ChevronsUpDown className="size-3.5 shrink-0 text-faint" aria-hidden />
          </>
        )}
      </MenuTrigger>
      <MenuContent align="start" className="w-64">
        <MenuLabel>Workspaces</MenuLabel>
        <MenuRadioGroup value={workspace.id} onValueChange={choose}>
          {workspaces.map((each) => (
            <MenuRadioItem key={each.id} value={each.id}>
              <span className="min-w-0 flex-1 truncate">{each.name}</span>
              {each.is_sample && <Badge tone="accent">Sample</Badge>}
            </MenuRadioItem>
          ))}
        </MenuRadioGroup>
      </MenuContent>
    </Menu>
  );
}
