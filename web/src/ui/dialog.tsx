import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { type ComponentProps, type ReactNode, useState } from "react";
import { cn } from "@/lib/cn";
import { Button } from "@/ui/button";

export function Dialog(props: ComponentProps<typeof Radix.Root>) {
  return <Radix.Root {...props} />;
}

export function DialogTrigger(props: ComponentProps<typeof Radix.Trigger>) {
  return <Radix.Trigger {...props} />;
}

export function DialogClose(props: ComponentProps<typeof Radix.Close>) {
  return <Radix.Close {...props} />;
}

type ContentProps = {
  title: ReactNode;
  description?: ReactNode;
  children: ReactNode;
  /** "alertdialog" for a question that must be answered before anything else. */
  role?: "dialog" | "alertdialog";
  className?: string;
};

/** Centred on a desk, a sheet from below on a phone. */
export function DialogContent({ title, description, children, role, className }: ContentProps) {
  return (
    <Radix.Portal>
      <Radix.Overlay className="fixed inset-0 z-40 animate-fade bg-scrim" />
      <Radix.Content
        role={role ?? "dialog"}
        {...(description ? {} : { "aria-describedby": undefined })}
        className={cn(
          "fixed z-50 flex max-h-[88dvh] flex-col overflow-y-auto bg-surface shadow-pop outline-none",
          "max-sm:inset-x-0 max-sm:bottom-0 max-sm:animate-sheet max-sm:rounded-t-lg max-sm:pb-[env(safe-area-inset-bottom)]",
          "sm:top-1/2 sm:left-1/2 sm:w-[480px] sm:-translate-x-1/2 sm:-translate-y-1/2 sm:animate-fade sm:rounded-lg",
          className,
        )}
      >
        <div className="flex items-start justify-between gap-4 px-5 pt-4 pb-3">
          <div>
            <Radix.Title className="font-semibold text-lg">{title}</Radix.Title>
            {description && (
              <Radix.Description className="mt-1 text-muted text-sm">
                {description}
              </Radix.Description>
            )}
          </div>
          <Radix.Close asChild>
            <Button variant="ghost" size="icon-sm" aria-label="Close">
              <X aria-hidden />
            </Button>
          </Radix.Close>
        </div>
        {children}
      </Radix.Content>
    </Radix.Portal>
  );
}

export function DialogBody({ className, ...rest }: ComponentProps<"div">) {
  return <div className={cn("px-5 pb-4", className)} {...rest} />;
}

export function DialogFooter({ className, ...rest }: ComponentProps<"div">) {
  return (
    <div
      className={cn("flex items-center justify-end gap-2 border-t px-5 py-3", className)}
      {...rest}
    />
  );
}

type ConfirmProps = {
  /** What opens it; without one, `open` and `onOpenChange` do. */
  trigger?: ReactNode;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  title: string;
  /** What will be lost, and what will not. */
  description: ReactNode;
  action: string;
  /** The dialog closes when the promise is fulfilled and stays open when it is rejected. */
  onConfirm: () => Promise<unknown>;
};

/** Ask before something that cannot be undone. */
export function ConfirmDialog(props: ConfirmProps) {
  const { trigger, title, description, action, onConfirm } = props;
  const [opened, setOpened] = useState(false);
  const open = props.open ?? opened;
  const setOpen = props.onOpenChange ?? setOpened;
  const [busy, setBusy] = useState(false);
  const confirm = async () => {
    setBusy(true);
    try {
      await onConfirm();
      setOpen(false);
    } catch {
      // The caller has told the person why; the dialog stays for another try.
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog open={open} onOpenChange={setOpen}>
      {trigger && <DialogTrigger asChild>{trigger}</DialogTrigger>}
      <DialogContent role="alertdialog" title={title} description={description}>
        <DialogFooter>
          <DialogClose asChild>
            <Button>Cancel</Button>
          </DialogClose>
          <Button variant="danger" loading={busy} onClick={confirm}>
            {action}
          </Button>
        </DialogFooter>
      </DialogContent>
    </Dialog>
  );
}
