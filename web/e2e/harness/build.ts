import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { QUOTAH, WEB } from "./paths.ts";

/**
 * Builds the dashboard as it is served, so that the tests see the code of this checkout.
 * QUOTAH_E2E_NO_BUILD=1 leaves the last build in place while tests are being written.
 */
// biome-ignore lint/style/noDefaultExport: Playwright takes a global setup as the default export
export default function build(): void {
  if (!existsSync(QUOTAH)) throw new Error(`${QUOTAH} is missing: run "make setup" first.`);
  if (process.env.QUOTAH_E2E_NO_BUILD === "1") return;
  execFileSync("npm", ["run", "build"], { cwd: WEB, stdio: "inherit" });
}
