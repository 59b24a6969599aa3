import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ChevronLeft, SearchX } from "lucide-react";
import { useMounts } from "@/api/mounts";
import { routeQuery } from "@/api/routing";
import type { RouteIn } from "@/api/routing-types";
import { RouteEditor } from "@/features/routing/editor";
import { EMPTY_ROUTE } from "@/features/routing/empty-route";
import { RECIPE, RECIPES } from "@/features/routing/recipes";
import { isProblem } from "@/lib/problem";
import { readOne } from "@/lib/search";
import { Button } from "@/ui/button";
import { EmptyState } from "@/ui/empty-state";
import { ErrorState } from "@/ui/error-state";
import { Skeleton } from "@/ui/skeleton";

const route = getRouteApi("/session/shell/settings/routes/$id");
const NEW = "new";

/** One route: a new one, from nothing, a recipe or another route, or one that stands. */
export function RouteEditorPage() {
  const { id } = route.useParams();
  const { recipe, from } = route.useSearch();
  const saved = id === NEW ? (from ?? null) : id;
  return (
    <>
      <Link
        to="/settings/routes"
        className="mb-3 inline-flex items-center gap-1 rounded-sm text-muted text-sm hover:text-ink"
      >
        <ChevronLeft className="size-4" aria-hidden />
        Routes
      </Link>
      {saved === null ? (
        <FromRecipe recipe={recipe} />
      ) : (
        <FromSaved saved={saved} copy={id === NEW} />
      )}
    </>
  );
}

function FromRecipe({ recipe }: { recipe: string | undefined }) {
  const mounts = useMounts();
  const name = readOne(recipe, RECIPES);
  if (!name) return <RouteEditor start={EMPTY_ROUTE} id={null} />;
  if (!mounts) return <Loading />;
  const start = RECIPE[name].route(mounts.map((each) => each.name));
  return <RouteEditor key={name} start={start} id={null} />;
}

function FromSaved({ saved, copy }: { saved: string; copy: boolean }) {
  const answer = useQuery({ ...routeQuery(saved), refetchOnWindowFocus: false });
  if (answer.data) {
    const { id, position: _, created_at: __, updated_at: ___, ...body } = answer.data;
    const start: RouteIn = copy ? { ...body, name: `${body.name}, copy` } : body;
    return <RouteEditor key={`${id}-${copy}`} start={start} id={copy ? null : id} />;
  }
  if (isProblem(answer.error, "not_found")) {
    return (
      <EmptyState
        className="min-h-80"
        icon={SearchX}
        title="There is no such route in this workspace"
        actions={
          <Button asChild>
            <Link to="/settings/routes">Show all routes</Link>
          </Button>
        }
      >
        It may have been deleted, or belong to another workspace.
      </EmptyState>
    );
  }
  if (answer.isError) {
    return (
      <ErrorState
        className="min-h-80"
        affected="The route could not be loaded"
        error={answer.error}
        onRetry={() => void answer.refetch()}
        retrying={answer.isFetching}
      />
    );
  }
  return <Loading />;
}

function Loading() {
  return (
    <div aria-busy className="grid gap-4 lg:grid-cols-[1fr_360px]">
      <div className="flex flex-col gap-4">
        <Skeleton className="h-64 rounded-lg" />
        <Skeleton className="h-48 rounded-lg" />
      </div>
      <Skeleton className="h-72 rounded-lg" />
    </div>
  );
}
