import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { copyText } from "@/lib/clipboard";
import { cn } from "@/lib/cn";
import { Button } from "@/ui/button";

type Props = {
  value: string;
  /** Name for screen readers; also the text when `text` is set. */
  label?: string;
  /** Shows the label beside the icon. */
  text?: boolean;
  className?: string;
};

export function CopyButton({ value, label = "Copy", text, className }: Props) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1600);
    return () => clearTimeout(timer);
  }, [copied]);
  const Icon = copied ? Check : Copy;
  return (
    <Button
      variant={text ? "secondary" : "ghost"}
      size={text ? "sm" : "icon-sm"}
      className={cn(!text && "size-6 [&_svg]:size-3.5", className)}
      aria-label={copied ? "Copied" : label}
      onClick={async (event) => {
        event.stopPropagation();
        setCopied(await copyText(value));
      }}
    >
      <Icon className={cn(copied && "text-good")} aria-hidden />
      {text && <span aria-hidden>{copied ? "Copied" : label}</span>}
    </Button>
  );
}
