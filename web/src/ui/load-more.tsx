import { useEffect, useRef } from "react";
import { countExact } from "@/lib/format";
import { Button } from "@/ui/button";

type Props = {
  pages: {
    hasNextPage: boolean;
    isFetchingNextPage: boolean;
    isFetchNextPageError: boolean;
    fetchNextPage: () => Promise<unknown>;
  };
  shown: number;
  /** One and many of what is listed. */
  nouns: [string, string];
  /** What ends the sentence when all are shown: "no more in this period". */
  end: string;
};

/** Loads the next page when the end of the list comes near; a button for everyone else. */
export function LoadMore({ pages, shown, nouns, end }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = pages;
  const ready = hasNextPage && !isFetchingNextPage && !isFetchNextPageError;
  useEffect(() => {
    const mark = place.current;
    if (!mark || !ready) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting) void fetchNextPage();
      },
      { rootMargin: "600px" },
    );
    observer.observe(mark);
    return () => observer.disconnect();
  }, [ready, fetchNextPage]);
  return (
    <div ref={place} className="flex h-14 items-center justify-center gap-3 text-faint text-sm">
      {hasNextPage ? (
        <Button size="sm" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {isFetchNextPageError ? "Loading more failed. Try again" : "Load more"}
        </Button>
      ) : (
        <span className="num">
          {countExact(shown)} {shown === 1 ? nouns[0] : nouns[1]}, {end}
        </span>
      )}
    </div>
  );
}
