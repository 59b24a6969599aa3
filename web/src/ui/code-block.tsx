import { cn } from "@/lib/cn";
import { CopyButton } from "@/ui/copy-button";

type Props = {
  code: string;
  /** What is shown above: a file name, "Terminal". */
  title?: string;
  /** Lines (from 1) that carry the change, set off from the rest. */
  highlight?: readonly number[];
  /** Name of the button that copies all of it. */
  copyLabel?: string;
  className?: string;
};

/** Text to read and copy. Always rendered as text, never as markup. */
export function CodeBlock({ code, title, highlight = [], copyLabel, className }: Props) {
  const lines = code.replace(/\n$/, "").split("\n");
  return (
    <figure className={cn("overflow-hidden rounded-lg border bg-sunken text-left", className)}>
      {title && (
        <figcaption className="flex h-9 items-center justify-between border-b pr-1.5 pl-3 text-muted text-xs">
          {title}
          <CopyButton value={code} label={copyLabel} text={copyLabel !== undefined} />
        </figcaption>
      )}
      <div className="relative">
        {!title && <CopyButton value={code} className="absolute top-1.5 right-1.5 bg-sunken" />}
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
        <pre tabIndex={0} className="overflow-x-auto py-2.5 font-mono text-[12.5px] leading-5">
          <code className="block min-w-max">
            {lines.map((line, index) => (
              <span
                // biome-ignore lint/suspicious/noArrayIndexKey: lines of a text have no other identity
                key={index}
                className={cn(
                  "block border-transparent border-l-2 pr-10 pl-3",
                  highlight.includes(index + 1) && "border-accent bg-accent-soft",
                )}
              >
                {line || " "}
                {index < lines.length - 1 && "\n"}
              </span>
            ))}
          </code>
        </pre>
      </div>
    </figure>
  );
}
