import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";

export const REPOSITORY = resolve(import.meta.dirname, "../../..");
export const WEB = resolve(REPOSITORY, "web");
export const QUOTAH = resolve(REPOSITORY, ".venv/bin/quotah");
export const PYTHON = resolve(REPOSITORY, ".venv/bin/python");

/** The browser to drive: whatever scripts/ensure_chromium.sh finds or installs. */
export function chromiumPath(): string {
  const configured = process.env.QUOTAH_CHROMIUM;
  if (configured) return configured;
  if (existsSync("/usr/bin/chromium")) return "/usr/bin/chromium";
  const script = resolve(REPOSITORY, "scripts/ensure_chromium.sh");
  return execFileSync(script, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
}
