import { TriangleAlert } from "lucide-react";
import type { Breaker, DryRun, DryTarget } from "@/api/routing-types";
import { span } from "@/features/routing/sentence";
import { cn } from "@/lib/cn";
import { duration } from "@/lib/format";
import { providerName } from "@/lib/provider-names";
import { shareWord } from "@/lib/share";
import { Badge } from "@/ui/badge";
import { Money } from "@/ui/money";
import { Tooltip } from "@/ui/tooltip";

type Props = {
  result: DryRun;
  /** Id of the route in the form; null while it has none. */
  own: string | null;
  /** The answer is to an earlier question. */
  stale: boolean;
  /** A field of the form has a problem, so that the draft cannot be tried. */
  invalid: boolean;
};

export function DryRunResult({ result, own, stale, invalid }: Props) {
  return (
    <div className={cn("flex flex-col gap-3 px-4 py-3.5 text-sm", stale && "opacity-75")}>
      {invalid && (
        <p className="text-warning">
          A field of the route has a problem; this is what held before.
        </p>
      )}
      <Sentence result={result} own={own} />
      <ol className="flex flex-col" aria-label="Targets in the order in which they are asked">
        {result.targets.map((target, index) => (
          <TargetItem
            // biome-ignore lint/suspicious/noArrayIndexKey: a target's place is what it is
            key={index}
            target={target}
            index={index}
          />
        ))}
      </ol>
      <p className="text-muted">{rulesOf(result).join(" · ")}</p>
    </div>
  );
}

/** What would happen; marked where that is not what the form is for. */
function Sentence({ result, own }: Pick<Props, "result" | "own">) {
  const { route, verdict, sentence } = result;
  const refused = verdict === "refused";
  const elsewhere = route === null || route.id !== own;
  return (
    <p className="flex items-start gap-2 font-medium text-base">
      {(refused || elsewhere) && (
        <TriangleAlert
          className={cn("mt-0.5 size-4 shrink-0", refused ? "text-critical" : "text-warning")}
          aria-hidden
        />
      )}
      <span className="min-w-0 break-words">{sentence}</span>
    </p>
  );
}

function TargetItem({ target, index }: { target: DryTarget; index: number }) {
  const { mount, provider, model, share, open, latency_ms, cost_usd, problem } = target;
  return (
    <li className="flex gap-2 border-b py-2 first:pt-0 last:border-b-0">
      <span className="num w-4 shrink-0 text-right text-faint">{index + 1}</span>
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="min-w-0 break-words font-medium">
            {model ?? "any model"} <span className="font-normal text-faint">at {mount}</span>
          </span>
          {open && <Badge tone="warning">paused</Badge>}
          {share > 0 && share < 1 && (
            <Tooltip content="The chance to be asked first">
              <span className="num text-accent-text">{shareWord(share)}</span>
            </Tooltip>
          )}
        </p>
        <p className="num mt-0.5 flex flex-wrap gap-x-3 text-muted">
          {provider && provider !== mount && <span>{providerName(provider)}</span>}
          <Tooltip content="Until the first byte, of late">
            <span>{latency_ms === null ? "latency not known yet" : duration(latency_ms)}</span>
          </Tooltip>
          <span>
            {cost_usd === null ? (
              "no price"
            ) : (
              <Money value={cost_usd} detail="A call of 1,000 tokens in and 500 out" />
            )}
          </span>
        </p>
        {problem && <p className="mt-1 text-critical">{problem}</p>}
        <Credentials credentials={target.credentials} />
      </div>
    </li>
  );
}

const BREAKER: Record<Breaker, string> = {
  closed: "",
  open: "paused",
  half_open: "tried again",
};

/** The keys of a target; one that is alone and well needs no word. */
function Credentials({ credentials }: Pick<DryTarget, "credentials">) {
  const plain = credentials.length === 1 && credentials[0]?.breaker === "closed";
  if (credentials.length === 0 || plain) return null;
  const total = credentials.reduce((sum, { weight }) => sum + weight, 0);
  return (
    <ul className="mt-1 text-muted text-xs">
      {credentials.map(({ id, name, hint, weight, breaker }) => (
        <li key={id} className="flex gap-2">
          <span className="min-w-0 truncate">
            {name} <span className="id text-faint">…{hint}</span>
          </span>
          <span className="num ml-auto">{shareWord(total > 0 ? weight / total : 0)}</span>
          {BREAKER[breaker] && <span className="text-warning">{BREAKER[breaker]}</span>}
        </li>
      ))}
    </ul>
  );
}

/** What else holds for the call. */
function rulesOf({ retry, timeouts, disconnect, cache }: DryRun): string[] {
  const waits = [
    timeouts.connect_ms !== null && `connect within ${span(timeouts.connect_ms / 1000)}`,
    timeouts.first_byte_ms !== null && `first byte within ${span(timeouts.first_byte_ms / 1000)}`,
    timeouts.idle_ms !== null && `${span(timeouts.idle_ms / 1000)} between bytes`,
  ].filter((each): each is string => Boolean(each));
  return [
    retry.tries > 1 ? `up to ${retry.tries} tries of each` : "each asked once",
    ...waits,
    disconnect === "abort"
      ? "stops when the caller leaves"
      : "read to the end if the caller leaves",
    cache ? `answers kept ${span(cache.ttl_s)}` : "not cached",
  ];
}
