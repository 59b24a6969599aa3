import { Tag } from "lucide-react";
import { useMayChange } from "@/api/roles";
import { askForPrice } from "@/lib/price-request";
import { Button } from "@/ui/button";

type Props = { provider?: string; model?: string; since?: string; primary?: boolean };

/** Opens the dialog for a price of one's own; nothing for those who may not set one. */
export function SetPriceButton({ provider = "", model = "", since, primary }: Props) {
  if (!useMayChange()) return null;
  return (
    <Button
      variant={primary ? "primary" : "secondary"}
      onClick={() => askForPrice({ provider, model, since })}
    >
      <Tag aria-hidden />
      Set a price
    </Button>
  );
}
