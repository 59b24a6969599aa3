import { type ComponentType, createContext, type ReactNode, useContext } from "react";
import { type Cell, money, moneyExact } from "@/lib/format";
import type { MoneySource } from "@/lib/money-source";
import { HoverCard } from "@/ui/hover-card";
import { Tooltip } from "@/ui/tooltip";

/** Shows the arithmetic of a source; the frame of the app provides it. */
export type Arithmetic = ComponentType<{ source: MoneySource; value: Cell }>;
const ArithmeticContext = createContext<Arithmetic | null>(null);
export const ArithmeticProvider = ArithmeticContext.Provider;

type Props = {
  value: Cell;
  /** What it is the sum of: its arithmetic is then shown on hover, focus or tap. */
  of?: MoneySource;
  /** Said when there is no amount: why the call is unpriced. */
  reason?: string | null;
  /** More below the exact value. */
  detail?: ReactNode;
  /** Stands inside a link, where nothing else can be pressed. */
  insideLink?: boolean;
  className?: string;
};

/** A dollar amount: rounded for the eye; exact, with where it comes from, on hover or focus. */
export function Money({ value, of, reason, detail, insideLink, className }: Props) {
  const Explain = useContext(ArithmeticContext);
  const none = value === null || value === undefined;
  const looks = none ? (className ?? "text-warning") : className;
  const word = none ? "unpriced" : money(value);
  if (of && Explain) {
    return (
      <HoverCard
        label="How this amount comes about"
        insideLink={insideLink}
        className={looks}
        content={<Explain source={of} value={value} />}
      >
        {word}
      </HoverCard>
    );
  }
  return (
    <Tooltip content={none ? (reason ?? "This call could not be priced.") : exact(value, detail)}>
      <span className={looks}>{word}</span>
    </Tooltip>
  );
}

function exact(value: Cell, detail: ReactNode): ReactNode {
  return (
    <span className="num">
      {moneyExact(value)} <span className="text-faint">USD</span>
      {detail && <span className="mt-1 block text-muted">{detail}</span>}
    </span>
  );
}
