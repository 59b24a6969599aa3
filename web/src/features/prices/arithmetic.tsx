import { RunArithmetic } from "@/features/prices/run-arithmetic";
import { SumArithmetic } from "@/features/prices/sum-arithmetic";
import type { Cell } from "@/lib/format";
import { moneyExact } from "@/lib/format";
import type { MoneySource } from "@/lib/money-source";

/** The card behind a dollar: first the exact amount, then what it is made of. */
export function Arithmetic({ source, value }: { source: MoneySource; value: Cell }) {
  return (
    <div className="p-3.5">
      <p className="num font-medium text-base">
        {value === null || value === undefined ? (
          <span className="text-warning">unpriced</span>
        ) : (
          <>
            {moneyExact(value)} <span className="font-normal text-faint text-sm">USD</span>
          </>
        )}
      </p>
      {source.kind === "run" ? <RunArithmetic id={source.id} /> : <SumArithmetic source={source} />}
    </div>
  );
}
