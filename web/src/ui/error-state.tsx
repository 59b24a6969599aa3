import { RotateCw, TriangleAlert } from "lucide-react";
import { cn } from "@/lib/cn";
import { explain } from "@/lib/problem";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";

type Props = {
  error: unknown;
  onRetry?: () => void;
  retrying?: boolean;
  /** What is affected: "The cost chart could not be loaded". */
  affected?: string;
  className?: string;
};

/** What happened, what is affected, a way to try again, and the id that finds it in the logs. */
export function ErrorState({ error, onRetry, retrying, affected, className }: Props) {
  const { title, detail, requestId } = explain(error);
  return (
    <div
      role="alert"
      className={cn("flex flex-col items-center justify-center px-6 py-8 text-center", className)}
    >
      <span className="mb-3 flex size-9 items-center justify-center rounded-lg bg-critical-soft">
        <TriangleAlert className="size-4.5 text-critical" aria-hidden />
      </span>
      <h3 className="font-semibold text-base">{affected ?? title}</h3>
      <p className="mt-1 max-w-md text-muted text-sm">
        {affected ? `${title}. ${detail}` : detail}
      </p>
      {onRetry && (
        <Button className="mt-4" size="sm" onClick={onRetry} loading={retrying}>
          {!retrying && <RotateCw aria-hidden />}
          Try again
        </Button>
      )}
      {requestId && (
        <p className="mt-3 flex items-center gap-1 text-faint text-xs">
          Request <span className="id">{requestId}</span>
          <CopyButton value={requestId} label="Copy request id" />
        </p>
      )}
    </div>
  );
}
