import { useWorkspace } from "@/api/member";
import { useNow } from "@/lib/hooks";
import { instant, relative } from "@/lib/time";
import { Tooltip } from "@/ui/tooltip";

/** "3 min ago", with the exact instant in the workspace's zone behind it. */
export function When({ at, never }: { at: string | null; never: string }) {
  const { timezone } = useWorkspace();
  const now = useNow();
  if (!at) return <span className="text-faint">{never}</span>;
  return (
    <Tooltip content={instant(at, timezone)}>
      <time dateTime={at}>{relative(at, now, timezone)}</time>
    </Tooltip>
  );
}
