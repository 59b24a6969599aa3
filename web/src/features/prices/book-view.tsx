import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { SearchX } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { ModelPage } from "@/api/price-types";
import { bookQuery, modelsQuery } from "@/api/prices";
import { BookFacts } from "@/features/prices/book-facts";
import { BookTable } from "@/features/prices/book-table";
import { SetPriceButton } from "@/features/prices/set-price-button";
import { useDebounced } from "@/lib/hooks";
import { providerName } from "@/lib/provider-names";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { EmptyState } from "@/ui/empty-state";
import { ErrorState } from "@/ui/error-state";
import { LoadMore } from "@/ui/load-more";
import { SearchInput } from "@/ui/search-input";
import { Select } from "@/ui/select";

const route = getRouteApi("/session/shell/settings/pricing");
const ALL = "*";
const TYPING_MS = 200;

/** Every model that has a price, with what it costs now. */
export function BookView() {
  const { q = "", provider } = route.useSearch();
  const navigate = route.useNavigate();
  const [text, setText] = useSearchText(q, (next) =>
    navigate({ search: (before) => ({ ...before, q: next || undefined }), replace: true }),
  );
  const wanted = useDebounced(text.trim(), TYPING_MS);
  const pages = useInfiniteQuery(modelsQuery(wanted, provider));
  const items = pages.data?.pages.flatMap((page) => page.items);
  const choose = (next: string) =>
    void navigate({
      search: (before) => ({ ...before, provider: next === ALL ? undefined : next }),
      replace: true,
    });
  return (
    <>
      <BookFacts />
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <SearchBox value={text} onChange={setText} />
        <ProviderFilter value={provider ?? ALL} onChange={choose} />
        <span role="status" className="num text-muted text-sm">
          {found(pages.data?.pages)}
        </span>
        <span className="ml-auto">
          <SetPriceButton />
        </span>
      </div>
      <Card className="overflow-hidden">
        {pages.isError && !items ? (
          <ErrorState
            className="min-h-80"
            affected="The price book could not be loaded"
            error={pages.error}
            onRetry={() => void pages.refetch()}
            retrying={pages.isFetching}
          />
        ) : items?.length === 0 ? (
          <NothingFound text={wanted} onClear={() => setText("")} />
        ) : (
          <BookTable items={items} stale={pages.isPlaceholderData} />
        )}
      </Card>
      {items && items.length > 0 && (
        <LoadMore
          pages={pages}
          shown={items.length}
          nouns={["model", "models"]}
          end={wanted || provider ? "no more match" : "and that is the whole book"}
        />
      )}
    </>
  );
}

/** What is typed. The address follows when typing rests, and leads when it changes by itself. */
function useSearchText(address: string, write: (text: string) => unknown) {
  const [text, setText] = useState(address);
  const written = useRef(address);
  const settled = useDebounced(text.trim(), TYPING_MS);
  const latest = useRef(write);
  latest.current = write;
  useEffect(() => {
    if (settled === written.current) return;
    written.current = settled;
    void latest.current(settled);
  }, [settled]);
  useEffect(() => {
    if (address === written.current) return;
    written.current = address;
    setText(address);
  }, [address]);
  return [text, setText] as const;
}

/** "12 models", "more than 50 models" while further pages are there. */
function found(pages: readonly ModelPage[] | undefined): string {
  if (!pages) return "";
  const shown = pages.reduce((sum, page) => sum + page.items.length, 0);
  const more = pages.at(-1)?.next_cursor;
  return more ? `more than ${shown} models` : `${shown} ${shown === 1 ? "model" : "models"}`;
}

function SearchBox(props: { value: string; onChange: (text: string) => void }) {
  return (
    <SearchInput
      aria-label="Search the price book"
      placeholder="Search models"
      className="w-72 max-sm:w-full"
      value={props.value}
      onChange={props.onChange}
      onKeyDown={(event) => {
        if (event.key === "Escape") props.onChange("");
        if (event.key !== "ArrowDown") return;
        event.preventDefault();
        document.querySelector<HTMLElement>("[data-row-link]")?.focus();
      }}
    />
  );
}

function ProviderFilter(props: { value: string; onChange: (provider: string) => void }) {
  const { data } = useQuery(bookQuery());
  const names = data ? [...data.providers].sort() : props.value === ALL ? [] : [props.value];
  const options = names.map((name) => ({ value: name, label: providerName(name) }));
  return (
    <div className="w-44">
      <Select
        aria-label="Provider"
        value={props.value}
        onChange={props.onChange}
        options={[{ value: ALL, label: "All providers" }, ...options]}
      />
    </div>
  );
}

function NothingFound({ text, onClear }: { text: string; onClear: () => void }) {
  return (
    <EmptyState
      className="min-h-80"
      icon={SearchX}
      title={text ? `No model matches “${text}”` : "No model of this provider"}
      actions={
        <>
          {text && <Button onClick={onClear}>Clear the search</Button>}
          <SetPriceButton model={text} />
        </>
      }
    >
      Calls of a model that the book does not know stay unpriced until you set a price for it.
    </EmptyState>
  );
}
