/**
 * Chromium without a sandbox (containers have no user namespaces) and off the network: every name
 * but loopback fails to resolve, so a request that leaves the origin is seen as a failure and
 * never reaches anybody.
 */
export const CHROMIUM_ARGUMENTS = [
  "--no-sandbox",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-domain-reliability",
  "--disable-sync",
  "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
  "--metrics-recording-only",
  "--no-first-run",
  "--no-proxy-server",
  "--force-color-profile=srgb",
  "--font-render-hinting=none",
];
