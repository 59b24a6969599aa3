/** The rooms of the app and the size of its files: rules that no linter of ours knows. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const SRC = join(dirname(fileURLToPath(import.meta.url)), "..", "src");
const MOST_LINES = 250;

/** What each room may import besides itself. */
const ALLOWED: Record<string, string[]> = {
  app: ["features", "charts", "ui", "api", "lib"],
  features: ["charts", "ui", "api", "lib"],
  charts: ["lib"],
  ui: ["lib"],
  api: ["lib"],
  lib: [],
};

type Source = { path: string; text: string; imports: string[] };

function sources(): Source[] {
  return readdirSync(SRC, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.tsx?$/.test(path) && !path.includes("__generated__"))
    .map((path) => {
      const text = readFileSync(join(SRC, path), "utf8");
      return { path: path.replaceAll("\\", "/"), text, imports: importsOf(path, text) };
    });
}

/** Targets of static and dynamic imports; those inside the app as paths from `src`. */
function importsOf(path: string, text: string): string[] {
  const found = text.matchAll(/(?:from\s+|import\s+|import\()\s*["']([^"']+)["']/g);
  return [...found].map(([, target = ""]) => {
    if (target.startsWith("@/")) return `@/${posix.normalize(target.slice(2))}`;
    if (target.startsWith(".")) return `@/${posix.normalize(posix.join(dirname(path), target))}`;
    return target;
  });
}

function trespass(path: string, target: string): string | null {
  if (!target.startsWith("@/")) return null;
  const [room = "", part] = path.split("/");
  const [other = "", otherPart] = target.slice(2).split("/");
  if (room === "features" && other === "features") {
    return part === otherPart ? null : "features are islands";
  }
  return room === other || ALLOWED[room]?.includes(other) ? null : `${room} must not know ${other}`;
}

const all = sources();

describe("the rooms of the app", () => {
  it("are all here", () => {
    expect([...new Set(all.map(({ path }) => path.split("/")[0]))].sort()).toEqual(
      Object.keys(ALLOWED).sort(),
    );
  });

  it("import only what lies below them", () => {
    const trespasses = all.flatMap(({ path, imports }) =>
      imports.flatMap((target) => {
        const reason = trespass(path, target);
        return reason ? [`${path} → ${target}: ${reason}`] : [];
      }),
    );
    expect(trespasses).toEqual([]);
  });

  it("keep the chart library behind charts/", () => {
    const users = all.filter(({ imports }) => imports.some((target) => /^recharts/.test(target)));
    expect(users.map(({ path }) => path.split("/")[0])).toEqual(users.map(() => "charts"));
    expect(users.length).toBeGreaterThan(0);
  });

  it("keep fetch behind api/client", () => {
    const callers = all.filter(({ text }) => /\bfetch\(/.test(text)).map(({ path }) => path);
    expect(callers.filter((path) => !path.endsWith(".test.ts"))).toEqual(["api/client.ts"]);
  });

  it("never turn text into markup", () => {
    const offenders = all.filter(({ text }) => /dangerouslySetInnerHTML|\.innerHTML/.test(text));
    expect(offenders.map(({ path }) => path)).toEqual([]);
  });

  it(`hold files of at most ${MOST_LINES} lines`, () => {
    const long = all.filter(({ text }) => text.split("\n").length > MOST_LINES + 1);
    expect(long.map(({ path }) => path)).toEqual([]);
  });
});

describe("the check of the rooms", () => {
  it("sees every form of import", () => {
    const text = `import a from "@/ui/a";\nimport "./b.css";\nconst c = import('../api/c');\nexport { d } from "x";`;
    expect(importsOf("features/one/page.tsx", text)).toEqual([
      "@/ui/a",
      "@/features/one/b.css",
      "@/features/api/c",
      "x",
    ]);
  });

  it("refuses a climb, a visit to another feature, and a component that asks the API", () => {
    expect(trespass("features/runs/page.tsx", "@/features/overview/cards")).not.toBeNull();
    expect(trespass("ui/button.tsx", "@/api/client")).not.toBeNull();
    expect(trespass("charts/spark.tsx", "@/api/client")).not.toBeNull();
    expect(trespass("lib/format.ts", "@/ui/button")).not.toBeNull();
    expect(trespass("features/runs/page.tsx", "@/app/router")).not.toBeNull();
    expect(trespass("features/runs/page.tsx", "@/features/runs/filters")).toBeNull();
  });
});

describe("relative imports", () => {
  it("do not climb: the alias says where a file lives", () => {
    const climbing = all.filter(({ text }) => /from\s+["']\.\.\//.test(text));
    expect(climbing.map(({ path }) => path)).toEqual([]);
  });
});
