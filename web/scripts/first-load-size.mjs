/**
 * How much script Overview needs before it shows its numbers, compressed: the entry and the page.
 * Fails when that is more than the budget. The chart's code comes beside the data; its size is told
 * as well. Run after `npm run build`.
 */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const BUDGET_KB = 250;
const DIST = join(dirname(fileURLToPath(import.meta.url)), "..", "dist");
const ROOTS = ["index.html", "src/features/overview/page.tsx"];
const CHART = "src/charts/time-series.tsx";

const manifest = JSON.parse(readFileSync(join(DIST, ".vite", "manifest.json"), "utf8"));

/** A chunk and everything that it imports statically. */
function closure(name, found = new Set()) {
  if (found.has(name)) return found;
  const chunk = manifest[name];
  if (!chunk) throw new Error(`the build has no ${name}`);
  found.add(name);
  for (const each of chunk.imports ?? []) closure(each, found);
  return found;
}

/** Files with their compressed sizes in kB, the largest first. */
function measure(names) {
  return [...names]
    .map((name) => {
      const { file } = manifest[name];
      return { file, size: gzipSync(readFileSync(join(DIST, file)), { level: 9 }).length / 1000 };
    })
    .sort((a, b) => b.size - a.size);
}

const sum = (sizes) => sizes.reduce((total, { size }) => total + size, 0);

const first = new Set(ROOTS.flatMap((root) => [...closure(root)]));
const later = [...closure(CHART)].filter((name) => !first.has(name));
const sizes = measure(first);
const total = sum(sizes);

if (process.argv.includes("--list")) {
  for (const { file, size } of sizes) console.log(`${size.toFixed(1).padStart(7)}  ${file}`);
}
console.log(`First load of Overview: ${total.toFixed(1)} kB of script (budget ${BUDGET_KB}).`);
console.log(`Its chart, beside the data: ${sum(measure(later)).toFixed(1)} kB.`);
if (total > BUDGET_KB) {
  console.error("Split something off, or load it later.");
  process.exit(1);
}
