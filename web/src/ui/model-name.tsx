import { cn } from "@/lib/cn";

type Props = { model: string | null; provider?: string | null; color: string; className?: string };

/** A model with the colour it has in every chart. */
export function ModelName({ model, provider, color, className }: Props) {
  return (
    <span className={cn("flex min-w-0 items-center gap-2", className)}>
      <i aria-hidden className="size-2 shrink-0 rounded-[2px]" style={{ background: color }} />
      <span className="truncate font-medium">{model ?? "Unknown model"}</span>
      {provider && <span className="truncate text-faint">{provider}</span>}
    </span>
  );
}
