// Builds the dashboard; `npm run dev` passes API calls on to a server at TRUNKLINE_URL.

import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.TRUNKLINE_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    // Inline images would need `data:` in the content policy of every page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": { target: server, changeOrigin: false } } },
  preview: { proxy: { "/api": { target: server, changeOrigin: false } } },
  test: { include: ["test/**/*.test.ts"], environment: "node" },
});
