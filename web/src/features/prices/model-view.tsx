import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ChevronLeft, SearchX } from "lucide-react";
import type { BookPeriod, ModelPrices } from "@/api/price-types";
import { modelQuery } from "@/api/prices";
import { colorOf } from "@/charts/palette";
import { inForce, ModelHistory } from "@/features/prices/model-history";
import { ModelWays } from "@/features/prices/model-ways";
import { OverridesTable } from "@/features/prices/overrides-table";
import { Section } from "@/features/prices/section";
import { SetPriceButton } from "@/features/prices/set-price-button";
import { inOrder, scheduleWords, stepWords } from "@/features/prices/words";
import { rateOf } from "@/lib/line-items";
import { isProblem } from "@/lib/problem";
import { providerName } from "@/lib/provider-names";
import { Badge } from "@/ui/badge";
import { Card, CardBody, CardHeader } from "@/ui/card";
import { EmptyState } from "@/ui/empty-state";
import { ErrorState } from "@/ui/error-state";
import { ExternalLink } from "@/ui/external-link";
import { ModelName } from "@/ui/model-name";
import { Skeleton } from "@/ui/skeleton";
import { Table, TD, TH, THead, TR } from "@/ui/table";

const route = getRouteApi("/session/shell/settings/pricing");

type Props = { provider: string; model: string };

/** All that is known of one model's prices: now, in other ways of calling, and before. */
export function ModelView({ provider, model }: Props) {
  const answer = useQuery(modelQuery(provider, model));
  const { q, provider: filter } = route.useSearch();
  return (
    <>
      <Link
        to="/settings/pricing"
        // Back to what was searched for.
        search={{ q, provider: filter }}
        className="mb-3 inline-flex items-center gap-1 rounded-sm text-muted text-sm hover:text-ink"
      >
        <ChevronLeft className="size-4" aria-hidden />
        Price book
      </Link>
      {answer.data ? (
        <Prices data={answer.data} />
      ) : isProblem(answer.error, "not_found") ? (
        <EmptyState
          className="min-h-80"
          icon={SearchX}
          title={`The book has no ${model}`}
          actions={<SetPriceButton provider={provider} model={model} primary />}
        >
          Calls of a model that the book does not know stay unpriced until you set a price for it.
        </EmptyState>
      ) : answer.isError ? (
        <ErrorState
          className="min-h-80"
          affected="The prices of this model could not be loaded"
          error={answer.error}
          onRetry={() => void answer.refetch()}
          retrying={answer.isFetching}
        />
      ) : (
        <Loading />
      )}
    </>
  );
}

function Prices({ data }: { data: ModelPrices }) {
  const { provider, model, overrides, matches, minimums } = data;
  return (
    <div className="flex flex-col gap-4">
      <header className="flex flex-wrap items-center justify-between gap-3">
        <div className="min-w-0">
          <h2 className="flex items-center gap-2 text-lg">
            <ModelName
              model={model}
              color={colorOf(provider, model)}
              className="[&>span]:font-semibold"
            />
            {overrides.some(({ effective }) => effective) && (
              <Badge tone="accent">your price</Badge>
            )}
          </h2>
          <p className="mt-0.5 text-muted text-sm">{providerName(provider)}</p>
        </div>
        <SetPriceButton provider={provider} model={model} primary />
      </header>
      {overrides.length > 0 && (
        <Section
          title="Your prices"
          description="They count before the list below, for the calls that they name."
        >
          <OverridesTable items={overrides} />
        </Section>
      )}
      <RatesNow data={data} />
      <ModelWays data={data} />
      <ModelHistory data={data} />
      <Card>
        <CardHeader title="Which calls" className="pb-2" />
        <CardBody className="text-muted text-sm">
          <p>These names mean this model, in an answer or, without one there, in the request:</p>
          <ul className="mt-1.5 flex flex-wrap gap-1.5">
            {(matches.length > 0 ? matches : [model]).map((match) => (
              <li key={match} className="id break-all rounded-sm bg-sunken px-1.5 py-0.5 text-ink">
                {match}
              </li>
            ))}
          </ul>
          {minimums.map(({ unit, name, quantity }) => (
            <p key={unit} className="mt-2">
              Billed for each request: at least {quantity} {name}.
            </p>
          ))}
        </CardBody>
      </Card>
    </div>
  );
}

function RatesNow({ data }: { data: ModelPrices }) {
  const now = inForce(data.periods, new Date());
  if (now.length === 0) return null;
  return (
    <Section
      title="List price now"
      description={
        now.some(({ rates }) => rates.some(({ above }) => above.length > 0))
          ? "US dollars. Above a number of input tokens the other rate is for the whole request."
          : "US dollars."
      }
    >
      <Table scrolls="List price now">
        <caption className="sr-only">List price now</caption>
        <THead>
          <tr>
            <TH>Unit</TH>
            {now.map(({ schedule, from }) => (
              <TH
                key={`${from}-${schedule}`}
                align="right"
                className={now.length > 1 ? "max-w-56 whitespace-normal py-1" : undefined}
              >
                {scheduleWords(schedule) ?? (now.length > 1 ? "otherwise" : "Price")}
              </TH>
            ))}
            <TH className="max-sm:hidden">Source</TH>
          </tr>
        </THead>
        <tbody>
          {unitsOf(now).map((unit) => {
            const cells = now.map(({ rates }) => rates.find((rate) => rate.unit === unit));
            const named = cells.find((rate) => !!rate);
            if (!named) return null;
            return (
              <TR key={unit}>
                <TD className="first-letter:uppercase">{named.name}</TD>
                {cells.map((rate, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: one cell for each period
                  <TD key={index} numeric className="font-medium">
                    {rate ? rateOf(rate) : "–"}
                    {rate?.above.map((step) => (
                      <span key={step.tokens} className="block font-normal text-muted text-xs">
                        {stepWords(step)}
                      </span>
                    ))}
                  </TD>
                ))}
                <TD className="max-w-64 max-sm:hidden">
                  <ExternalLink href={named.source} />
                </TD>
              </TR>
            );
          })}
        </tbody>
      </Table>
    </Section>
  );
}

function unitsOf(periods: readonly BookPeriod[]): string[] {
  return [...new Set(inOrder(periods.flatMap(({ rates }) => rates)).map(({ unit }) => unit))];
}

function Loading() {
  return (
    <div aria-busy className="flex flex-col gap-4">
      <Skeleton className="h-6 w-64" />
      <Skeleton className="h-52 rounded-lg" />
      <Skeleton className="h-72 rounded-lg" />
    </div>
  );
}
