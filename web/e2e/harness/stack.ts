import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { QUOTAH, REPOSITORY } from "./paths.ts";
import { freePorts } from "./ports.ts";

const READY_WITHIN_MS = 30_000;
const STOPPED_WITHIN_MS = 15_000;
const READY = "Quotah is ready.";
const SETUP_LINK = /https?:\/\/\S+\/setup\?token=[^\s"'│|]+/;

/**
 * One whole Quotah as a user starts it: `quotah up`, with ports and a data folder of its own.
 * It can be stopped and started again on the same ports and data.
 */
export class Stack {
  readonly dashboard: string;
  readonly gateway: string;
  private child: ChildProcess | null = null;
  private output = "";

  private constructor(
    private readonly ports: { api: number; gateway: number; mock: number },
    readonly dataDir: string,
  ) {
    this.dashboard = `http://127.0.0.1:${ports.api}`;
    this.gateway = `http://127.0.0.1:${ports.gateway}`;
  }

  static async start(): Promise<Stack> {
    const [api, gateway, mock] = await freePorts(3);
    const dataDir = mkdtempSync(join(tmpdir(), "quotah-e2e-"));
    const stack = new Stack({ api: api ?? 0, gateway: gateway ?? 0, mock: mock ?? 0 }, dataDir);
    await stack.up();
    return stack;
  }

  /** The one-time link that `quotah up` printed on its first start. */
  get setupLink(): string {
    const link = SETUP_LINK.exec(this.output)?.[0];
    if (!link) throw new Error(`quotah up printed no setup link:\n${this.output}`);
    return link;
  }

  get setupToken(): string {
    return new URL(this.setupLink).searchParams.get("token") ?? "";
  }

  /** What the processes printed so far. */
  get log(): string {
    return this.output;
  }

  async up(): Promise<void> {
    const said = this.output.length;
    const child = spawn(QUOTAH, ["up"], {
      cwd: REPOSITORY,
      env: { ...process.env, ...this.environment() },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    const keep = (chunk: Buffer) => {
      this.output += chunk.toString();
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    await this.waitUntilReady(child, said);
  }

  async stop(): Promise<void> {
    const child = this.child;
    this.child = null;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise<void>((done) => child.once("exit", () => done()));
    child.kill("SIGINT");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOPPED_WITHIN_MS);
    await gone;
    clearTimeout(timer);
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  private environment(): Record<string, string> {
    return {
      QUOTAH_DATA_DIR: this.dataDir,
      QUOTAH_HOST: "127.0.0.1",
      QUOTAH_API_PORT: String(this.ports.api),
      QUOTAH_GATEWAY_PORT: String(this.ports.gateway),
      QUOTAH_MOCK_PORT: String(this.ports.mock),
      NO_COLOR: "1",
      COLUMNS: "240",
      PYTHONUNBUFFERED: "1",
    };
  }

  private async waitUntilReady(child: ChildProcess, said: number): Promise<void> {
    const deadline = Date.now() + READY_WITHIN_MS;
    let states: string[] = [];
    while (Date.now() < deadline) {
      if (child.exitCode !== null) {
        throw new Error(`quotah up ended with status ${child.exitCode}:\n${this.output}`);
      }
      states = await Promise.all([readiness(this.dashboard), readiness(this.gateway)]);
      const ready = states.every((state) => state === "200");
      if (ready && this.output.includes(READY, said)) return;
      await new Promise((done) => setTimeout(done, 50));
    }
    const told = `dashboard ${states[0]}, gateway ${states[1]}`;
    throw new Error(`not ready within ${READY_WITHIN_MS} ms (${told}):\n${this.output}`);
  }
}

/** The status with which a plane answers, or why it does not. */
async function readiness(origin: string): Promise<string> {
  try {
    const answer = await fetch(`${origin}/readyz`, { signal: AbortSignal.timeout(2_000) });
    await answer.body?.cancel();
    return String(answer.status);
  } catch (error) {
    return String(error);
  }
}
