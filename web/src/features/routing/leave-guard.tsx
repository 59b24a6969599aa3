import { useBlocker } from "@tanstack/react-router";
import { Button } from "@/ui/button";
import { Dialog, DialogContent, DialogFooter } from "@/ui/dialog";

/** Asks before changes that are not saved are left behind. */
export function LeaveGuard({ changed }: { changed: () => boolean }) {
  const { status, proceed, reset } = useBlocker({
    shouldBlockFn: changed,
    enableBeforeUnload: changed,
    withResolver: true,
  });
  return (
    <Dialog open={status === "blocked"} onOpenChange={(open) => !open && reset?.()}>
      <DialogContent
        role="alertdialog"
        title="Leave without saving?"
        description="What you changed in this route is lost."
      >
        <DialogFooter>
          <Button onClick={() => reset?.()}>Stay</Button>
          <Button variant="danger" onClick={() => proceed?.()}>
            Leave
          </Button>
        </DialogFooter>
      </DialogContent>
    </Dialog>
  );
}
