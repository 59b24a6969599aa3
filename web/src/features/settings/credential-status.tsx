import { useWorkspace } from "@/api/member";
import type { Provider } from "@/api/providers";
import { breakerWords, statusOf } from "@/features/settings/credential-words";
import { When } from "@/features/settings/when";
import { useNow } from "@/lib/hooks";
import { Badge } from "@/ui/badge";
import { Tooltip } from "@/ui/tooltip";

/** How a key does, in a word; why, and since when, behind it. */
export function CredentialStatus({ provider }: { provider: Provider }) {
  const { timezone } = useWorkspace();
  const now = useNow(1_000);
  const paused = breakerWords(provider, now, timezone);
  const { label, tone, meaning } = statusOf(provider, paused);
  const { last_error, last_error_at } = provider;
  const bad = tone !== "good" && last_error !== null;
  return (
    <span className="flex min-w-0 flex-col items-start gap-0.5">
      <Tooltip content={meaning}>
        <Badge tone={tone} dot className="max-w-full">
          <span className="num truncate">{label}</span>
        </Badge>
      </Tooltip>
      {bad && (
        <Tooltip content={last_error}>
          <span className="line-clamp-2 text-muted text-xs">
            {last_error}
            {last_error_at && (
              <span className="text-faint">
                {" "}
                <When at={last_error_at} never="" />
              </span>
            )}
          </span>
        </Tooltip>
      )}
    </span>
  );
}
