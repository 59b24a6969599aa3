import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowRight, DatabaseZap } from "lucide-react";
import type { LiveState } from "@/api/live";
import { instanceQuery } from "@/api/queries";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { CodeBlock } from "@/ui/code-block";
import { LiveBadge } from "@/ui/live-badge";

/** Overview before the first call: what to do, ready to paste. */
export function FirstCall({ live }: { live: LiveState }) {
  const { data } = useQuery(instanceQuery());
  const gateway = data?.gateway_url ?? "http://127.0.0.1:8401";
  return (
    <Card className="mx-auto mt-4 max-w-2xl p-6 sm:p-8">
      <h2 className="font-semibold text-lg">Make the first call</h2>
      <p className="mt-1 text-muted">
        Point a client at the gateway and use a gateway key as its API key. The call shows up here
        within two seconds, with what it cost.
      </p>
      <CodeBlock className="mt-4" title="Terminal" code={curl(gateway)} highlight={[1, 2]} />
      <p className="mt-3 text-muted text-sm">
        <code className="id">$QUOTAH_KEY</code> is a gateway key: make one under{" "}
        <Link
          to="/settings/$tab"
          params={{ tab: "keys" }}
          className="text-accent-text hover:underline"
        >
          Settings, Keys
        </Link>
        .
      </p>
      <div className="mt-5 flex flex-wrap items-center gap-2">
        <Button asChild variant="primary">
          <Link to="/onboarding">
            Connect a client
            <ArrowRight aria-hidden />
          </Link>
        </Button>
        <Button asChild>
          <Link to="/settings/$tab" params={{ tab: "samples" }}>
            <DatabaseZap className="text-faint" aria-hidden />
            Load sample data
          </Link>
        </Button>
        <span className="ml-auto">
          <LiveBadge state={live} word="Waiting for the first call" />
        </span>
      </div>
    </Card>
  );
}

export function curl(gateway: string): string {
  return `curl ${gateway}/openai/v1/chat/completions \\
  -H "Authorization: Bearer $QUOTAH_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "gpt-4o-mini",
       "messages": [{"role": "user", "content": "Hello"}]}'
`;
}
