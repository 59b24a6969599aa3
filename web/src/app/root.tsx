import { Outlet } from "@tanstack/react-router";
import { useTheme } from "@/app/theme";
import { Toaster } from "@/ui/toast";
import { TooltipProvider } from "@/ui/tooltip";

export function Root() {
  const theme = useTheme();
  return (
    <TooltipProvider>
      <Outlet />
      <Toaster theme={theme} />
    </TooltipProvider>
  );
}
