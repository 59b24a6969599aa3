import type { ReactNode } from "react";
import { explain } from "@/lib/problem";
import { Button } from "@/ui/button";
import { Skeleton } from "@/ui/skeleton";

type LineProps = {
  /** "1,920 cached input tokens". */
  quantity: ReactNode;
  /** "× $1.25 / 1M". */
  rate?: ReactNode;
  amount: ReactNode;
  strong?: boolean;
};

/** One product of a sum, its parts under each other. */
export function Line({ quantity, rate, amount, strong }: LineProps) {
  return (
    <tr className={strong ? "font-semibold [&>td]:pt-2.5" : undefined}>
      <td className="py-0.5 pr-2">{quantity}</td>
      <td className="num whitespace-nowrap py-0.5 pr-2 text-right text-muted">{rate}</td>
      <td className="num whitespace-nowrap py-0.5 text-right">{amount}</td>
    </tr>
  );
}

export function Lines({ caption, children }: { caption: string; children: ReactNode }) {
  return (
    <table className="mt-2 w-full text-xs">
      <caption className="sr-only">{caption}</caption>
      <tbody>{children}</tbody>
    </table>
  );
}

/** What the amount rests on, below a hairline. */
export function Notes({ children }: { children: ReactNode }) {
  return (
    <div className="mt-2.5 flex flex-col gap-1 border-t pt-2.5 text-muted text-xs">{children}</div>
  );
}

export function CardLoading() {
  return (
    <div aria-busy className="mt-3 flex flex-col gap-2">
      <Skeleton className="h-3 w-full" />
      <Skeleton className="h-3 w-4/5" />
      <Skeleton className="h-3 w-3/5" />
    </div>
  );
}

export function CardError({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { title, detail } = explain(error);
  return (
    <div role="alert" className="mt-2 text-sm">
      <p className="text-muted">
        Its arithmetic could not be loaded. {title}. {detail}
      </p>
      <Button size="sm" className="mt-2" onClick={onRetry}>
        Try again
      </Button>
    </div>
  );
}
