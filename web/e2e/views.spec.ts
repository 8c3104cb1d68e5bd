import { readFile } from "node:fs/promises";
import { expectFine } from "./appearance.ts";
import { ASTRONAUT, TWO_FACES } from "./pictures.ts";
import type { Server } from "./server.ts";
import { choose, expect, type Page, screenshot, test } from "./test.ts";

/** How to come to each view that a person can see, without a camera. */
const VIEWS: Record<string, (page: Page, server: Server) => Promise<void>> = {
  picture: async (page) => {
    await page.goto("/");
    await expect(page.getByText("Drop a picture here")).toBeVisible();
  },
  result: async (page) => {
    await page.goto("/");
    await choose(page, TWO_FACES);
    await expect(page.getByRole("radio", { name: /^Face 2:/ })).toBeVisible();
    await page.getByRole("radio", { name: "Surprised", exact: true }).check();
  },
  problem: async (page) => {
    await page.route("**/predict_expression*", (route) => route.abort());
    await page.goto("/");
    await choose(page, ASTRONAUT);
    await expect(page.getByRole("alert")).toBeVisible();
  },
  live: async (page) => {
    await page.goto("/#/live");
    await expect(page.getByRole("heading", { name: "Before the camera starts" })).toBeVisible();
  },
  dashboard: async (page, server) => {
    for (const label of [
      "happy",
      "happy",
      "happy",
      "happy",
      "neutral",
      "neutral",
      "surprised",
      "sad",
      "sad",
      "angry",
      "nan",
    ]) {
      const body = await readFile(ASTRONAUT);
      await fetch(`${server.url}/save_expression_feedback?label=${label}`, {
        method: "POST",
        body,
        headers: { "Content-Type": "image/jpeg" },
      });
    }
    await page.goto("/#/dashboard");
    await expect(page.getByRole("row", { name: "Happy 4 36 %" })).toBeVisible();
  },
  token: async (page) => {
    await page.route("**/stats", (route) =>
      route.fulfill({ status: 401, json: { error: "token", code: "unauthorised", retryable: false } }),
    );
    await page.goto("/#/dashboard");
    await expect(page.getByLabel("Access token")).toBeVisible();
  },
};

for (const [view, visit] of Object.entries(VIEWS)) {
  test(`the view ${view} is fine on every screen`, async ({ page, server }) => {
    await visit(page, server);
    await expectFine(page, view);
  });
}

test("nothing jumps while a picture is worked on", async ({ page }) => {
  await page.goto("/");
  await page.evaluate(() => {
    const shifts: number[] = [];
    Object.assign(window, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { value, hadRecentInput } = entry as PerformanceEntry & { value: number; hadRecentInput: boolean };
        if (!hadRecentInput) shifts.push(value);
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  await choose(page, ASTRONAUT);
  await expect(page.getByText("Which expression does it show?")).toBeVisible();
  await page.waitForTimeout(300);
  const total = await page.evaluate(() =>
    (window as unknown as { shifts: number[] }).shifts.reduce((sum, value) => sum + value, 0),
  );
  expect(total).toBeLessThan(0.1);
});

test("the picture of the README", async ({ page }) => {
  await page.setViewportSize({ width: 1160, height: 800 });
  await page.emulateMedia({ reducedMotion: "reduce", colorScheme: "light" });
  await page.goto("/");
  await choose(page, TWO_FACES);
  await page.getByRole("radio", { name: "Surprised", exact: true }).check();
  await page.screenshot({ fullPage: true, path: screenshot("app.jpg"), type: "jpeg", quality: 88 });
});
