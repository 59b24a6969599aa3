// Puts the interactive API documentation into the build: our page, and Swagger UI from its package.
import { cpSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const web = join(dirname(fileURLToPath(import.meta.url)), "..");
const target = join(web, "dist", "api-docs");
mkdirSync(target, { recursive: true });
for (const name of ["index.html", "start.js"])
  cpSync(join(web, "api-docs", name), join(target, name));
for (const name of ["swagger-ui.css", "swagger-ui-bundle.js"]) {
  cpSync(join(web, "node_modules", "swagger-ui-dist", name), join(target, name));
}
