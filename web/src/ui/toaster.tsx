import { Toaster as Sonner } from "sonner";

/** Where toasts appear. Loaded after the first paint: nothing has happened yet by then. */
export function Toaster({ theme }: { theme: "light" | "dark" }) {
  return (
    <Sonner
      theme={theme}
      position="bottom-right"
      toastOptions={{
        classNames: {
          toast:
            "!bg-surface !text-ink !border-0 !shadow-pop !rounded-lg !text-sm !font-sans !gap-2",
          description: "!text-muted",
        },
      }}
    />
  );
}
