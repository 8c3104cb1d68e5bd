import { existsSync } from "node:fs";
import { defineConfig, type PlaywrightTestConfig } from "@playwright/test";
import { CAMERA_FILE, FIREFOX } from "./e2e/support/pictures.ts";

const CHROMIUM =
  process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
if (CHROMIUM === undefined) throw new Error("No Chromium was found: apt-get install chromium, or say CHROMIUM=path.");

const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];
const CAMERA = ["--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${CAMERA_FILE}`];

function chromium(...more: string[]): NonNullable<PlaywrightTestConfig["use"]> {
  return { launchOptions: { executablePath: CHROMIUM ?? "", args: [...QUIET, ...more] } };
}

export default defineConfig({
  testDir: "e2e",
  outputDir: "test-results/failures",
  globalSetup: "./e2e/support/pictures.ts",
  reporter: [["list"]],
  workers: 2,
  // Where nothing fails these cost nothing, and a busy machine may stop for seconds at any step.
  timeout: 120_000,
  expect: { timeout: 30_000 },
  forbidOnly: true,
  retries: 0, // a test that fails now and then has a fault, or the page has
  use: { serviceWorkers: "block", viewport: { width: 1280, height: 800 }, actionTimeout: 30_000 },
  projects: [
    { name: "pictures", testIgnore: ["live.spec.ts", "firefox.spec.ts"], use: chromium() },
    { name: "live", testMatch: "live.spec.ts", use: { ...chromium(...CAMERA), permissions: ["camera"] } },
    ...(FIREFOX === undefined ? [] : [{ name: "firefox", testMatch: "firefox.spec.ts" }]),
  ],
});
