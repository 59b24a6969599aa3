import { Toaster as Sonner, toast } from "sonner";
import { explain } from "@/lib/problem";

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

export function notify(message: string, description?: string): void {
  toast.success(message, { description });
}

/** A failed action, with the request id when there is one. */
export function notifyError(error: unknown, affected?: string): void {
  const { title, detail, requestId } = explain(error);
  const description = [affected ? title : "", detail, requestId ? `Request ${requestId}` : ""];
  toast.error(affected ?? title, { description: description.filter(Boolean).join(" · ") });
}
