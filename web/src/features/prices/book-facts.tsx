import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { bookQuery } from "@/api/prices";
import { countExact } from "@/lib/format";
import { CopyButton } from "@/ui/copy-button";
import { Skeleton } from "@/ui/skeleton";
import { Tooltip } from "@/ui/tooltip";

/** Which book is in force and what it was built from. */
export function BookFacts() {
  const { data, isError } = useQuery(bookQuery());
  if (isError && !data) return null;
  if (!data) return <Skeleton className="mb-4 h-5 w-96 max-w-full" />;
  const sources = Object.entries(data.sources).map(([name, version]) => `${name} ${version}`);
  return (
    <p className="mb-4 flex flex-wrap items-center gap-x-2 gap-y-1 text-muted text-sm">
      <span className="num">
        <span className="font-medium text-ink">{countExact(data.models)}</span> models of{" "}
        {data.providers.length} providers, US dollars per million tokens unless it says otherwise.
      </span>
      <span className="flex items-center gap-1">
        <Tooltip
          content={
            data.version === data.list_version
              ? "The list prices, as they came. Every cost names the version that priced it."
              : `Your prices over the list prices ${data.list_version}. Every cost names the version that priced it.`
          }
        >
          <span>
            Version <span className="id text-ink">{data.version}</span>
          </span>
        </Tooltip>
        <CopyButton value={data.version} label="Copy the version of the book" />
      </span>
      {sources.length > 0 && <Source>Built from {sources.join(", ")}</Source>}
    </p>
  );
}

function Source({ children }: { children: ReactNode }) {
  return <span className="text-faint">{children}</span>;
}
