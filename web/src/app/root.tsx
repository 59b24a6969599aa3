import { Outlet } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useTheme } from "@/app/theme";
import { TooltipProvider } from "@/ui/tooltip";

const Toaster = lazy(() => import("@/ui/toaster").then((file) => ({ default: file.Toaster })));

export function Root() {
  const theme = useTheme();
  return (
    <TooltipProvider>
      <Outlet />
      <Suspense>
        <Toaster theme={theme} />
      </Suspense>
    </TooltipProvider>
  );
}
