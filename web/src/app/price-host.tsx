import { lazy, type ReactNode, Suspense } from "react";
import type { Cell } from "@/lib/format";
import type { MoneySource } from "@/lib/money-source";
import { usePriceRequest } from "@/lib/price-request";
import { ArithmeticProvider } from "@/ui/money";
import { Skeleton } from "@/ui/skeleton";

const Arithmetic = lazy(() =>
  import("@/features/prices/arithmetic").then((file) => ({ default: file.Arithmetic })),
);
const PriceDialogs = lazy(() =>
  import("@/features/prices/price-dialogs").then((file) => ({ default: file.PriceDialogs })),
);

/** What every page may use without knowing the pricing pages: the dialog, and dollars explained. */
export function PriceHost({ children }: { children: ReactNode }) {
  const asked = usePriceRequest() !== null;
  return (
    <ArithmeticProvider value={Explain}>
      {children}
      {asked && (
        <Suspense>
          <PriceDialogs />
        </Suspense>
      )}
    </ArithmeticProvider>
  );
}

function Explain(props: { source: MoneySource; value: Cell }) {
  return (
    <Suspense fallback={<Skeleton className="m-3.5 h-24" />}>
      <Arithmetic {...props} />
    </Suspense>
  );
}
