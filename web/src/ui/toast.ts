import { explain } from "@/lib/problem";

/** Say that something was done. */
export function notify(message: string, description?: string): void {
  void import("sonner").then(({ toast }) => toast.success(message, { description }));
}

/** A failed action, with the request id when there is one. */
export function notifyError(error: unknown, affected?: string): void {
  const { title, detail, requestId } = explain(error);
  const parts = [affected ? title : "", detail, requestId ? `Request ${requestId}` : ""];
  const description = parts.filter(Boolean).join(" · ");
  void import("sonner").then(({ toast }) => toast.error(affected ?? title, { description }));
}
