import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { PYTHON, REPOSITORY } from "./paths.ts";

export interface Called {
  /** The text that the client put together from the answer. */
  text: string;
  /** `x-quotah-event-id` of the answer. */
  event_id: string;
  chunks: number;
  /** Usage as the vendor's client read it. */
  usage: Record<string, unknown>;
}

/** Where to: the gateway, under the vendor's own name there, or the whole base URL. */
export type CallOptions = ({ gateway: string } | { baseUrl: string }) & {
  key: string;
  model?: string;
  prompt?: string;
  feature?: string;
  stream?: boolean;
};

/** Makes one call through the gateway with a vendor's own Python client, unchanged. */
export async function call(vendor: "openai" | "anthropic", options: CallOptions): Promise<Called> {
  const script = resolve(REPOSITORY, "web/e2e/clients", `${vendor}_call.py`);
  const address = "baseUrl" in options ? options.baseUrl : baseUrl(vendor, options.gateway);
  const flags = ["--base-url", address];
  if (options.model) flags.push("--model", options.model);
  if (options.prompt) flags.push("--prompt", options.prompt);
  if (options.feature) flags.push("--feature", options.feature);
  if (options.stream) flags.push("--stream");
  const printed = await run(PYTHON, [script, ...flags], { QUOTAH_GATEWAY_KEY: options.key });
  return JSON.parse(printed) as Called;
}

export function baseUrl(vendor: "openai" | "anthropic", gateway: string): string {
  return vendor === "openai" ? `${gateway}/openai/v1` : `${gateway}/anthropic`;
}

/** Runs a program to its end; its standard output, or an error with everything it said. */
export function run(
  program: string,
  args: string[],
  environment: Record<string, string> = {},
): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { env: { ...process.env, ...environment } });
    let out = "";
    let errors = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    child.once("error", fail);
    child.once("close", (status) => {
      if (status === 0) done(out);
      else fail(new Error(`${program} ended with ${status}:\n${errors}\n${out}`));
    });
  });
}
