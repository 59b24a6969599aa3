import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const api = process.env.QUOTAH_API_URL ?? "http://127.0.0.1:8400";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    host: "127.0.0.1",
    port: 5173,
    // The API takes changes only from its own origin.
    proxy: { "/api": { target: api, changeOrigin: true, headers: { origin: api } } },
  },
  build: {
    outDir: "dist",
    target: "es2023",
    // A strict Content-Security-Policy forbids inline scripts and data: fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
  },
});
