import { useNow } from "@/lib/hooks";
import { instant, relative } from "@/lib/time";
import { Tooltip } from "@/ui/tooltip";

type Props = { value: string; zone: string; className?: string };

/** "3 min ago"; the exact instant on hover. */
export function TimeText({ value, zone, className }: Props) {
  const now = useNow();
  return (
    <Tooltip content={instant(value, zone)}>
      <time dateTime={value} className={className}>
        {relative(value, now, zone)}
      </time>
    </Tooltip>
  );
}
