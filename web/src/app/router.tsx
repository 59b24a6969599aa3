import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { AppPending, RouteError, RouteMissing, RoutePending } from "@/app/fallbacks";
import { leadToOnboarding, requireSession } from "@/app/guard";
import { Root } from "@/app/root";
import { SETTINGS_TABS, SettingsFrame } from "@/app/settings-frame";
import { Shell } from "@/app/shell";
import { type PeriodSearch, readPeriod } from "@/lib/period";
import { parseSearch, readList, readOne, readText, stringifySearch } from "@/lib/search";
import { GRAINS, type Grain } from "@/lib/time";

type OverviewSearch = PeriodSearch & { grain?: Grain };
type RunsSearch = PeriodSearch & {
  model?: string[];
  status?: string[];
  feature?: string[];
  cost_status?: string[];
  route?: string[];
  credential?: string[];
};

export const PRICE_VIEWS = ["book", "overrides", "reported", "updates", "disagreements"] as const;
type PricesSearch = {
  view?: (typeof PRICE_VIEWS)[number];
  /** What is searched for in the book. */
  q?: string;
  provider?: string;
  /** The model that is looked at: `provider/model`. */
  model?: string;
};

type RouteEditorSearch = {
  /** What a new route starts from: one of the recipes, or the id of another route. */
  recipe?: string;
  from?: string;
};

const root = createRootRouteWithContext<{ client: QueryClient }>()({
  component: Root,
  notFoundComponent: RouteMissing,
});

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Record<string, unknown>): { next?: string } => ({
    next: readLocalPath(search.next),
  }),
  component: lazyRouteComponent(() => import("@/features/auth/login-page"), "LoginPage"),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  validateSearch: (search: Record<string, unknown>): { token?: string } => ({
    token: readText(search.token),
  }),
  component: lazyRouteComponent(() => import("@/features/auth/setup-page"), "SetupPage"),
});

const session = createRoute({
  getParentRoute: () => root,
  id: "session",
  pendingComponent: AppPending,
  beforeLoad: ({ context, location }) => requireSession(context.client, location.href),
});

const onboarding = createRoute({
  getParentRoute: () => session,
  path: "/onboarding",
  component: lazyRouteComponent(() => import("@/features/onboarding/page"), "OnboardingPage"),
});

const shell = createRoute({ getParentRoute: () => session, id: "shell", component: Shell });

const overview = createRoute({
  getParentRoute: () => shell,
  path: "/",
  validateSearch: (search: Record<string, unknown>): OverviewSearch => ({
    ...readPeriod(search),
    grain: readOne(search.grain, GRAINS),
  }),
  beforeLoad: ({ context }) => leadToOnboarding(context.client),
  component: lazyRouteComponent(() => import("@/features/overview/page"), "OverviewPage"),
});

const runs = createRoute({
  getParentRoute: () => shell,
  path: "/runs",
  validateSearch: (search: Record<string, unknown>): RunsSearch => ({
    ...readPeriod(search),
    model: readList(search.model),
    status: readList(search.status),
    feature: readList(search.feature),
    cost_status: readList(search.cost_status),
    route: readList(search.route),
    credential: readList(search.credential),
  }),
  component: lazyRouteComponent(() => import("@/features/runs/page"), "RunsPage"),
});

const run = createRoute({
  getParentRoute: () => shell,
  path: "/runs/$id",
  component: lazyRouteComponent(() => import("@/features/runs/run-page"), "RunPage"),
});

const settings = createRoute({
  getParentRoute: () => shell,
  path: "/settings",
  component: SettingsFrame,
});

const settingsStart = createRoute({
  getParentRoute: () => settings,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/settings/$tab", params: { tab: SETTINGS_TABS[0] } });
  },
});

const settingsTab = createRoute({
  getParentRoute: () => settings,
  path: "$tab",
  params: {
    parse: ({ tab }) => ({ tab: readOne(tab, SETTINGS_TABS) ?? SETTINGS_TABS[0] }),
    stringify: ({ tab }) => ({ tab }),
  },
  component: lazyRouteComponent(() => import("@/features/settings/page"), "SettingsPage"),
});

const prices = createRoute({
  getParentRoute: () => settings,
  path: "pricing",
  validateSearch: (search: Record<string, unknown>): PricesSearch => ({
    view: readOne(search.view, PRICE_VIEWS),
    q: readText(search.q),
    provider: readText(search.provider),
    model: readText(search.model),
  }),
  component: lazyRouteComponent(() => import("@/features/prices/page"), "PricesPage"),
});

const routes = createRoute({
  getParentRoute: () => settings,
  path: "routes",
  component: lazyRouteComponent(() => import("@/features/routing/page"), "RoutesPage"),
});

const routeEditor = createRoute({
  getParentRoute: () => settings,
  path: "routes/$id",
  validateSearch: (search: Record<string, unknown>): RouteEditorSearch => ({
    recipe: readText(search.recipe),
    from: readText(search.from),
  }),
  component: lazyRouteComponent(() => import("@/features/routing/editor-page"), "RouteEditorPage"),
});

const routeTree = root.addChildren([
  login,
  setup,
  session.addChildren([
    onboarding,
    shell.addChildren([
      overview,
      runs,
      run,
      settings.addChildren([settingsStart, settingsTab, routes, routeEditor, prices]),
    ]),
  ]),
]);

export function createAppRouter(client: QueryClient) {
  return createRouter({
    routeTree,
    context: { client },
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    defaultPendingMs: 150,
    defaultPendingComponent: RoutePending,
    defaultErrorComponent: RouteError,
    defaultNotFoundComponent: RouteMissing,
    scrollRestoration: true,
  });
}

/** Where to go after signing in: only ever a path of this app. */
function readLocalPath(value: unknown): string | undefined {
  const path = readText(value);
  return path && /^\/(?![/\\])/.test(path) ? path : undefined;
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
