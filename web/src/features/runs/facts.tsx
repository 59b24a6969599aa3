import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { RunDetail } from "@/api/contract";
import { countExact } from "@/lib/format";
import { Badge } from "@/ui/badge";
import { Card, CardBody, CardHeader } from "@/ui/card";
import { CopyButton } from "@/ui/copy-button";

type FactProps = { label: string; children: ReactNode };

function Fact({ label, children }: FactProps) {
  return (
    <div className="flex min-h-8 items-center justify-between gap-4 border-b py-1.5 last:border-b-0">
      <dt className="shrink-0 text-muted text-sm">{label}</dt>
      <dd className="flex min-w-0 items-center gap-1 text-right text-sm">{children}</dd>
    </div>
  );
}

/** Token counts as the provider's totals: what is cached or reasoning is contained in them. */
export function UsageFacts({ run }: { run: RunDetail }) {
  const { usage } = run;
  const rows: [string, number | null, boolean][] = [
    ["Input tokens", usage.input_tokens, false],
    ["read from cache", usage.cache_read_input_tokens, true],
    ["written to cache", usage.cache_write_input_tokens, true],
    ["Output tokens", usage.output_tokens, false],
    ["reasoning", usage.reasoning_output_tokens, true],
  ];
  return (
    <Card>
      <CardHeader title="Tokens" className="pb-1" />
      <CardBody>
        <dl>
          {rows
            .filter(([, value, part]) => !part || value)
            .map(([label, value, part]) => (
              <Fact key={label} label={part ? `of these ${label}` : label}>
                <span className={part ? "num text-muted" : "num font-medium"}>
                  {countExact(value)}
                </span>
              </Fact>
            ))}
        </dl>
      </CardBody>
    </Card>
  );
}

/** On whose account the call goes. */
export function AttributionFacts({ run }: { run: RunDetail }) {
  const { feature, user, team, session, environment, prompt, prompt_version, tags } =
    run.attribution;
  const rows: [string, string | null][] = [
    ["Feature", feature],
    ["User", user],
    ["Team", team],
    ["Session", session],
    ["Prompt", prompt && prompt_version ? `${prompt}@${prompt_version}` : prompt],
    ["Environment", environment],
  ];
  const known = rows.filter((row): row is [string, string] => Boolean(row[1]));
  const tagList = Object.entries(tags);
  return (
    <Card>
      <CardHeader title="Attribution" className="pb-1" />
      <CardBody>
        {known.length === 0 && tagList.length === 0 && (
          <p className="py-1 text-muted text-sm">
            None was sent. The header <code className="id">x-quotah-feature</code>, or a context of
            the SDK, says which feature a call belongs to.
          </p>
        )}
        <dl>
          {known.map(([label, value]) => (
            <Fact key={label} label={label}>
              {label === "Feature" ? (
                <Link
                  to="/runs"
                  search={{ feature: [value] }}
                  title="Show the runs of this feature"
                  className="truncate rounded-sm text-accent-text hover:underline"
                >
                  {value}
                </Link>
              ) : (
                <span className="truncate" title={value}>
                  {value}
                </span>
              )}
            </Fact>
          ))}
          {tagList.length > 0 && (
            <Fact label="Tags">
              <span className="flex flex-wrap justify-end gap-1">
                {tagList.map(([name, value]) => (
                  <Badge key={name} className="max-w-56">
                    <span className="truncate">
                      {name}={value}
                    </span>
                  </Badge>
                ))}
              </span>
            </Fact>
          )}
        </dl>
      </CardBody>
    </Card>
  );
}

/** Names under which the call is known here and elsewhere. */
export function IdentityFacts({ run }: { run: RunDetail }) {
  const rows: [string, string | null | undefined][] = [
    ["Run", run.id],
    ["Event", run.event_id],
    ["Key", run.attribution.key_id],
    ["Provider key", run.credential_id],
    ["Route", run.route_id],
    ["Project", run.attribution.project_id],
    ["Request", run.request_id],
    ["Provider's response", run.provider_response_id],
    ["Provider's request", run.provider_request_id],
    ["Trace", run.trace_id],
  ];
  return (
    <Card>
      <CardHeader title="Identifiers" className="pb-1" />
      <CardBody>
        <dl>
          {rows.map(([label, value]) =>
            value ? (
              <Fact key={label} label={label}>
                <span className="id truncate text-muted" title={value}>
                  {value}
                </span>
                <CopyButton value={value} label={`Copy the id of ${label}`} />
              </Fact>
            ) : null,
          )}
        </dl>
      </CardBody>
    </Card>
  );
}
