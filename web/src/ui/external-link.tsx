import { ExternalLink as Icon } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

type Props = { href: string; children?: ReactNode; className?: string };

/** A page of somebody else, in a tab of its own. What is no https address stays plain text. */
export function ExternalLink({ href, children, className }: Props) {
  const shown = children ?? shortAddress(href);
  if (!isWeb(href)) {
    return (
      <span className={cn("inline-block max-w-full truncate align-bottom", className)} title={href}>
        {shown}
      </span>
    );
  }
  return (
    <a
      href={href}
      target="_blank"
      rel="noopener noreferrer"
      title={href}
      className={cn(
        "inline-flex min-w-0 max-w-full items-center gap-1 rounded-sm text-accent-text hover:underline",
        className,
      )}
    >
      <span className="truncate">{shown}</span>
      <Icon className="size-3 shrink-0" aria-hidden />
      <span className="sr-only">(opens in a new tab)</span>
    </a>
  );
}

export function isWeb(address: string): boolean {
  return URL.canParse(address) && new URL(address).protocol === "https:";
}

/** `docs.x.ai/…/models` for an address; other text as it is. */
export function shortAddress(address: string): string {
  if (!isWeb(address)) return address;
  const { host, pathname } = new URL(address);
  const parts = pathname.split("/").filter(Boolean);
  const last = parts.at(-1);
  const name = host.replace(/^www\./, "");
  if (!last) return name;
  return parts.length > 1 ? `${name}/…/${last}` : `${name}/${last}`;
}
