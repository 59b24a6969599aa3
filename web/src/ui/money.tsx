import type { ReactNode } from "react";
import { type Cell, money, moneyExact } from "@/lib/format";
import { Tooltip } from "@/ui/tooltip";

type Props = {
  value: Cell;
  /** Said when there is no amount: why the call is unpriced. */
  reason?: string | null;
  /** More below the exact value: the arithmetic. */
  detail?: ReactNode;
  className?: string;
};

/** A dollar amount: rounded for the eye, exact on hover or focus. */
export function Money({ value, reason, detail, className }: Props) {
  if (value === null || value === undefined) {
    return (
      <Tooltip content={reason ?? "This call could not be priced."}>
        <span className={className ?? "text-warning"}>unpriced</span>
      </Tooltip>
    );
  }
  const content = (
    <span className="num">
      {moneyExact(value)} <span className="text-faint">USD</span>
      {detail && <span className="mt-1 block text-muted">{detail}</span>}
    </span>
  );
  return (
    <Tooltip content={content}>
      <span className={className}>{money(value)}</span>
    </Tooltip>
  );
}
