import { OverrideDialog } from "@/features/prices/override-dialog";
import { endPriceRequest, usePriceRequest } from "@/lib/price-request";

/** The dialog that "Set a price" opens on any page. */
export function PriceDialogs() {
  const request = usePriceRequest();
  if (!request) return null;
  return (
    <OverrideDialog
      open
      onOpenChange={(open) => {
        if (!open) endPriceRequest();
      }}
      {...request}
    />
  );
}
