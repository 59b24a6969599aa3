import { Badge, type Tone } from "@/ui/badge";

const LOOKS: Record<string, { tone: Tone; word: string }> = {
  success: { tone: "good", word: "Success" },
  error: { tone: "critical", word: "Error" },
  cancelled: { tone: "neutral", word: "Cancelled" },
  interrupted: { tone: "warning", word: "Interrupted" },
};

type Props = {
  status: string /** Status code or class of the error, shown after the word. */;
  detail?: string | null;
};

/** How a call ended, in colour and in a word. What went well is quiet: it is the rule. */
export function StatusBadge({ status, detail }: Props) {
  const { tone, word } = LOOKS[status] ?? { tone: "neutral" as const, word: status };
  if (tone === "good") {
    return (
      <span className="inline-flex h-5 items-center gap-1.5 text-muted text-xs">
        <span aria-hidden className="size-1.5 rounded-full bg-good" />
        {word}
      </span>
    );
  }
  return (
    <Badge tone={tone} dot>
      {word}
      {detail && (
        <span className="max-w-20 truncate font-normal" title={detail}>
          {detail}
        </span>
      )}
    </Badge>
  );
}

/** The same as a dot, where a word would not fit; the word is there for screen readers. */
export function StatusDot({ status }: { status: string }) {
  const { tone, word } = LOOKS[status] ?? { tone: "neutral" as const, word: status };
  const colors: Record<Tone, string> = {
    good: "bg-good",
    critical: "bg-critical",
    warning: "bg-warning",
    neutral: "bg-faint",
    accent: "bg-accent",
  };
  return (
    <span title={word} className={`inline-block size-1.5 shrink-0 rounded-full ${colors[tone]}`}>
      <span className="sr-only">{word}</span>
    </span>
  );
}
