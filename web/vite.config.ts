import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { bundleBudget } from "./bundle_budget.ts";
import { offlineShell } from "./offline_shell.ts";

// `npm run dev` shows the sources; the API is whatever `make run` serves.
const API_ORIGIN = process.env.API_ORIGIN ?? "http://127.0.0.1:8080";
const API_PATHS = [
  "/predict_expression",
  "/save_expression_feedback",
  "/download_expression_csv",
  "/stats",
  "/models",
  "/stream",
];

export default defineConfig({
  base: "./", // any path of any static host
  plugins: [
    react(),
    offlineShell("service_worker.js", "public"),
    bundleBudget({ firstLoadBytes: 100 * 1024, lazy: ["src/features/dashboard", "src/features/live"] }),
  ],
  build: {
    assetsInlineLimit: 0, // a strict content security policy needs files, not data URLs
    modulePreload: { polyfill: false },
  },
  server: {
    fs: { allow: [".."] }, // the sample picture
    proxy: Object.fromEntries(API_PATHS.map((path) => [path, { target: API_ORIGIN, ws: path === "/stream" }])),
  },
  test: {
    include: ["src/**/*.test.{ts,tsx}", "*.test.ts"],
    pool: "threads",
    testTimeout: 20_000, // a busy machine is no failure
    globals: true, // Testing Library clears the page after each test
    setupFiles: "src/testing/setup.ts",
    restoreMocks: true,
    css: { modules: { classNameStrategy: "non-scoped" } },
  },
});
