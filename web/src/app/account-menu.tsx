import { useNavigate } from "@tanstack/react-router";
import { LogOut, Monitor, Moon, Sun } from "lucide-react";
import { useMe, useSignOut } from "@/api/member";
import { THEMES, type ThemeChoice, themeChoice } from "@/app/theme";
import { cn } from "@/lib/cn";
import { readOne } from "@/lib/search";
import { useStored } from "@/lib/store";
import {
  Menu,
  MenuContent,
  MenuItem,
  MenuLabel,
  MenuRadioGroup,
  MenuRadioItem,
  MenuSeparator,
  MenuTrigger,
} from "@/ui/menu";
import { notifyError } from "@/ui/toast";

const LOOKS: Record<ThemeChoice, { label: string; icon: typeof Sun }> = {
  system: { label: "System", icon: Monitor },
  light: { label: "Light", icon: Sun },
  dark: { label: "Dark", icon: Moon },
};

/** Who is signed in, how it looks, and the way out. */
export function AccountMenu({ narrow }: { narrow: boolean }) {
  const { member } = useMe();
  const theme = useStored(themeChoice);
  const signOut = useSignOut();
  const navigate = useNavigate();
  const leave = async () => {
    try {
      await signOut();
      await navigate({ to: "/login" });
    } catch (error) {
      notifyError(error, "You are still signed in");
    }
  };
  const name = member.name || member.email;
  return (
    <Menu>
      <MenuTrigger
        aria-label={`Account of ${name}`}
        className={cn(
          "flex h-9 min-w-0 items-center gap-2.5 rounded-md px-1.5 text-left hover:bg-hover",
          !narrow && "flex-1",
        )}
      >
        <span
          aria-hidden
          data-initial={name.slice(0, 1)}
          className="flex size-6 shrink-0 items-center justify-center rounded-full bg-accent-soft font-semibold text-accent-text text-xs uppercase before:content-[attr(data-initial)]"
        />
        {!narrow && <span className="truncate text-muted text-sm">{name}</span>}
      </MenuTrigger>
      <MenuContent align="start" side="top" className="w-56">
        <div className="px-2 py-1.5">
          <div className="truncate font-medium">{name}</div>
          <div className="truncate text-muted text-xs">{member.email}</div>
        </div>
        <MenuSeparator />
        <MenuLabel>Appearance</MenuLabel>
        <MenuRadioGroup
          value={theme}
          onValueChange={(next) => themeChoice.set(readOne(next, THEMES) ?? "system")}
        >
          {THEMES.map((each) => {
            const { label, icon: Icon } = LOOKS[each];
            return (
              <MenuRadioItem key={each} value={each} onSelect={(event) => event.preventDefault()}>
                <Icon aria-hidden />
                {label}
              </MenuRadioItem>
            );
          })}
        </MenuRadioGroup>
        <MenuSeparator />
        <MenuItem onSelect={leave}>
          <LogOut aria-hidden />
          Sign out
        </MenuItem>
      </MenuContent>
    </Menu>
  );
}
