import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useMayChange } from "@/api/roles";
import { routesQuery } from "@/api/routing";
import { Recipes } from "@/features/routing/recipe-cards";
import { RouteList } from "@/features/routing/route-list";
import { Button } from "@/ui/button";
import { Card, CardHeader } from "@/ui/card";
import { PanelStates } from "@/ui/panel-states";
import { Skeleton } from "@/ui/skeleton";

/** Where calls go, in the order in which the routes are asked. */
export function RoutesPage() {
  const routes = useQuery(routesQuery());
  const allowed = useMayChange();
  const some = (routes.data?.items.length ?? 0) > 0;
  return (
    <Card>
      <CardHeader
        title="Routes"
        description="A call follows the first route that matches it. Where none does, it goes once to what it asked for."
        actions={
          allowed &&
          some && (
            <Button asChild variant="primary">
              <Link to="/settings/routes/$id" params={{ id: "new" }}>
                <Plus aria-hidden />
                New route
              </Link>
            </Button>
          )
        }
      />
      <PanelStates
        query={routes}
        what="see this workspace's routes"
        affected="The routes could not be loaded"
        loading={<Loading />}
      >
        {({ items }) =>
          items.length > 0 ? (
            <RouteList items={items} allowed={allowed} />
          ) : (
            <Recipes allowed={allowed} />
          )
        }
      </PanelStates>
    </Card>
  );
}

function Loading() {
  return (
    <div aria-busy className="border-t">
      {["a", "b", "c"].map((key) => (
        <div key={key} className="flex flex-col gap-2 border-b px-4 py-3.5 last:border-b-0">
          <Skeleton className="h-3.5 w-40" />
          <Skeleton className="h-3 w-80 max-w-full" />
        </div>
      ))}
    </div>
  );
}
