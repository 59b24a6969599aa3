import { Link } from "@tanstack/react-router";
import { ArrowRight, Plus } from "lucide-react";
import { useMounts } from "@/api/mounts";
import { RECIPE, RECIPES } from "@/features/routing/recipes";
import { lineOf } from "@/features/routing/sentence";
import { Button } from "@/ui/button";

/** What routes are for, where there is none: each a route that can be taken as it is. */
export function Recipes({ allowed }: { allowed: boolean }) {
  const mounts = (useMounts() ?? []).map(({ name }) => name);
  return (
    <section aria-label="What routes are for" className="border-t px-4 pt-8 pb-6">
      <div className="mx-auto max-w-xl text-center">
        <h3 className="font-semibold text-base">No route yet</h3>
        <p className="mt-1 text-muted text-sm">
          Every call now goes once to the provider and model that it names. A route says what else
          may happen: another try, another model, another provider, an answer from memory.
          {!allowed && " An owner or administrator of this workspace can make one."}
        </p>
      </div>
      <ul className="mt-6 grid gap-3 sm:grid-cols-2">
        {RECIPES.map((name) => {
          const { icon: Icon, title, text, route } = RECIPE[name];
          const { takes, goes, extras } = lineOf(route(mounts));
          const content = (
            <>
              <span className="flex items-center gap-2 font-medium text-base">
                <Icon className="size-4 text-accent-text" aria-hidden />
                {title}
                {allowed && (
                  <ArrowRight
                    aria-hidden
                    className="ml-auto size-4 text-faint transition-transform duration-100 group-hover:translate-x-0.5"
                  />
                )}
              </span>
              <span className="mt-1 block text-muted text-sm">{text}</span>
              <span className="mt-2 block text-faint text-xs">
                {[`${takes} → ${goes}`, ...extras].join(" · ")}
              </span>
            </>
          );
          const looks =
            "group block h-full rounded-lg border border-line-strong px-3.5 py-3 text-left";
          return (
            <li key={name}>
              {allowed ? (
                <Link
                  to="/settings/routes/$id"
                  params={{ id: "new" }}
                  search={{ recipe: name }}
                  className={`${looks} transition-colors duration-100 hover:bg-hover`}
                >
                  {content}
                </Link>
              ) : (
                <div className={looks}>{content}</div>
              )}
            </li>
          );
        })}
      </ul>
      {allowed && (
        <div className="mt-5 text-center">
          <Button asChild>
            <Link to="/settings/routes/$id" params={{ id: "new" }}>
              <Plus aria-hidden />
              Start from nothing
            </Link>
          </Button>
        </div>
      )}
    </section>
  );
}
