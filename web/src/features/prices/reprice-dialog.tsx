import { type ReactNode, useState } from "react";
import { RepriceBody } from "@/features/prices/reprice-body";
import { Dialog, DialogContent, DialogTrigger } from "@/ui/dialog";

/** Pricing all past calls again, whatever was changed. */
export function RepriceDialog({ trigger }: { trigger: ReactNode }) {
  const [open, setOpen] = useState(false);
  return (
    <Dialog open={open} onOpenChange={setOpen}>
      <DialogTrigger asChild>{trigger}</DialogTrigger>
      <DialogContent
        className="sm:w-[760px]"
        title="Re-price past calls"
        description="First you see what would change. Nothing is written until you apply it."
      >
        {open && <RepriceBody scope={{}} since={null} onDone={() => setOpen(false)} />}
      </DialogContent>
    </Dialog>
  );
}
