import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { X } from "lucide-react";
import { gatewaysQuery } from "@/api/gateways";
import { keysQuery } from "@/api/keys";
import { alarmOf } from "@/lib/gateway-health";
import { useNow } from "@/lib/hooks";
import { stored, useStored } from "@/lib/store";
import { Banner } from "@/ui/banner";
import { Button } from "@/ui/button";

const EVERY_MS = 2_000;
/** The alarm that was put away by hand: it stays away until there is more to tell. */
const putAway = stored<string>("quotah.alarm", (text) => text ?? "");

/** Above every page: calls are not kept, or no gateway is heard of. */
export function GatewayBanner() {
  const now = useNow(EVERY_MS);
  const gateways = useQuery(gatewaysQuery());
  const away = useStored(putAway);
  const silent =
    gateways.data !== undefined && alarmOf(gateways.data.items, now, true)?.id === "silent";
  const keys = useQuery({ ...keysQuery(), enabled: silent });
  // A gateway is missed where one of its keys was ever used.
  const expected = keys.data?.items.some(
    ({ kind, last_used_at }) => kind === "gateway" && last_used_at,
  );
  const alarm = gateways.data && alarmOf(gateways.data.items, now, expected === true);
  if (!alarm || alarm.key === away) return null;
  return (
    <Banner
      tone={alarm.tone}
      className="mb-4 items-start [&>svg]:mt-0.5"
      actions={
        alarm.id === "losing" && (
          <Button
            variant="ghost"
            size="icon-sm"
            className="-my-1"
            aria-label="Hide until more is lost"
            onClick={() => putAway.set(alarm.key)}
          >
            <X aria-hidden />
          </Button>
        )
      }
    >
      <p className="font-medium">{alarm.title}</p>
      <p className="mt-0.5">
        {alarm.detail}{" "}
        <Link
          to="/settings/$tab"
          params={{ tab: "gateways" }}
          className="rounded-sm underline underline-offset-2"
        >
          Show the gateways
        </Link>
      </p>
    </Banner>
  );
}
