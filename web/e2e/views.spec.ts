import { readFile } from "node:fs/promises";
import { expectFine, expectInOneView } from "./appearance.ts";
import { ASTRONAUT, CROWD, NO_FACE, TWO_FACES } from "./pictures.ts";
import type { Server } from "./server.ts";
import { choose, expect, type Page, screenshot, test } from "./test.ts";

/** How to come to each view that a person can see, without a camera. */
const VIEWS: Record<string, (page: Page, server: Server) => Promise<void>> = {
  picture: async (page) => {
    await page.goto("/");
    await expect(page.getByText("Drop photos here")).toBeVisible();
  },
  result: async (page) => {
    await page.goto("/");
    await choose(page, TWO_FACES);
    await expect(page.getByRole("radio", { name: /^Face 2:/ })).toBeVisible();
    await page.getByRole("button", { name: "Wrong" }).click();
    await page.getByRole("radio", { name: "Surprised", exact: true }).check();
  },
  question: async (page) => {
    await page.goto("/");
    await choose(page, ASTRONAUT);
    await expect(page.getByRole("button", { name: "Correct" })).toBeVisible();
  },
  noface: async (page) => {
    await page.goto("/");
    await choose(page, NO_FACE);
    await expect(page.getByText("A face needs to be")).toBeVisible();
  },
  crowd: async (page) => {
    await page.goto("/");
    await choose(page, CROWD);
    await expect(page.getByRole("radio", { name: /^Face 9:/ })).toBeVisible();
  },
  photos: async (page) => {
    await page.goto("/");
    await choose(page, [ASTRONAUT, TWO_FACES, NO_FACE]);
    await expect(page.getByText("3 of 3 done")).toBeVisible();
  },
  unsure: async (page) => {
    await page.route("**/predict_expression*", async (route) => {
      const answer = await (await route.fetch()).json();
      for (const face of answer.faces) {
        face.scores = { angry: 0.1, disgusted: 0.1, fear: 0.1, happy: 0.05, sad: 0.35, surprised: 0.05, neutral: 0.25 };
        Object.assign(face, { expression: "sad", confidence: 0.35 });
      }
      await route.fulfill({ json: answer });
    });
    await page.goto("/");
    await choose(page, ASTRONAUT);
    await expect(page.getByRole("region", { name: "Result" })).toContainText("Not sure Sad or Neutral?");
  },
  german: async (page) => {
    await page.goto("/");
    await page.getByRole("button", { name: "Deutsch" }).click();
    await choose(page, ASTRONAUT, "Fotodateien");
    await expect(page.getByRole("region", { name: "Ergebnis" })).toContainText("Fröhlich");
  },
  problem: async (page) => {
    await page.route("**/predict_expression*", (route) => route.abort());
    await page.goto("/");
    await choose(page, ASTRONAUT);
    await expect(page.getByRole("alert")).toBeVisible();
  },
  live: async (page) => {
    await page.goto("/#/live");
    await expect(page.getByRole("heading", { name: "How live video works" })).toBeVisible();
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
      await fetch(`${server.url}/save_expression_feedback?label=${label}&predicted=happy&model_version=residual-1`, {
        method: "POST",
        body,
        headers: { "Content-Type": "image/jpeg" },
      });
    }
    await page.goto("/#/dashboard");
    await expect(page.getByRole("row", { name: "Happy 4 36%" })).toBeVisible();
  },
  sent: async (page) => {
    await page.goto("/");
    await choose(page, ASTRONAUT);
    await page.getByRole("button", { name: "Correct" }).click();
    await page.getByRole("link", { name: "Your corrections" }).first().click();
    await expect(page.getByRole("button", { name: "Take back" })).toBeVisible();
  },
  stored: async (page) => {
    await page.goto("/");
    await choose(page, ASTRONAUT);
    await page.getByRole("button", { name: "Correct" }).click();
    await expect(page.getByRole("button", { name: "Undo" })).toBeVisible();
  },
  token: async (page) => {
    for (const path of ["stats", "models"]) {
      await page.route(`**/${path}`, (route) =>
        route.fulfill({ status: 401, json: { error: "token", code: "unauthorised", retryable: false } }),
      );
    }
    await page.goto("/#/dashboard");
    await page.getByLabel("Access token").fill("wrong");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("alert")).toBeVisible();
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
  await expect(page.getByRole("button", { name: "Correct" })).toBeVisible();
  await page.waitForTimeout(300);
  const total = await page.evaluate(() =>
    (window as unknown as { shifts: number[] }).shifts.reduce((sum, value) => sum + value, 0),
  );
  expect(total).toBeLessThan(0.1);
});

test("verdict, scores and correction are reachable without scrolling", async ({ page }) => {
  await page.goto("/");
  for (const file of [ASTRONAUT, TWO_FACES]) {
    await choose(page, file);
    const scores = page.getByRole("list", { name: "Score of each expression" });
    await expect(scores).toBeVisible();
    await expectInOneView(page, [
      page.getByRole("region", { name: "Result" }),
      scores,
      page.getByRole("button", { name: "Correct" }),
      page.getByRole("button", { name: "Wrong" }),
    ]);
    await page.goto("/");
  }
});

test("on a phone, a face that is chosen has its scores in view", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/");
  await choose(page, CROWD);
  await page.getByRole("radio", { name: /^Face 20:/ }).check();
  await expect(page.getByRole("region", { name: "Result" })).toBeInViewport({ ratio: 0.9 });
  await expect(page.getByRole("list", { name: "Score of each expression" })).toBeInViewport();
});

test("in forced colours bars, tab and selection can be told apart", async ({ page }) => {
  await page.emulateMedia({ forcedColors: "active", reducedMotion: "reduce" });
  await page.goto("/");
  await choose(page, TWO_FACES);
  await page.getByRole("button", { name: "All seven scores" }).click();
  await expect(page.getByRole("list", { name: "Score of each expression" }).getByRole("listitem")).toHaveCount(7);
  const looks = await page.evaluate(() => {
    const background = (element: Element | null | undefined) => element && getComputedStyle(element).backgroundColor;
    const bar = document.querySelector("ul[aria-label='Score of each expression'] li span[aria-hidden] span");
    const [chosen, other] = [":checked", ":not(:checked)"].map((state) =>
      background(document.querySelector(`fieldset input${state} + span`)),
    );
    const [tab, otherTab] = ["[aria-current]", ":not([aria-current])"].map((state) => {
      const found = document.querySelector(`nav a${state}`);
      return found && getComputedStyle(found).outlineStyle;
    });
    return { bar: background(bar), track: background(bar?.parentElement), chosen, other, tab, otherTab };
  });
  expect(looks.bar).not.toBe(looks.track);
  expect(looks.chosen).not.toBe(looks.other);
  expect(looks.tab).not.toBe(looks.otherTab);
  await page.screenshot({ path: screenshot("forced-colours.png") });
});

test("the pictures of the README", async ({ page }) => {
  await page.setViewportSize({ width: 1160, height: 720 });
  await page.emulateMedia({ reducedMotion: "reduce", colorScheme: "light" });
  await page.goto("/");
  await page.waitForFunction(() => [...document.images].every(({ complete }) => complete));
  await page.getByRole("button", { name: "Group" }).click();
  await page.getByRole("radio", { name: /^Face 1:/ }).check();
  await expect(page.getByRole("button", { name: "Correct" })).toBeVisible();
  await page.screenshot({ path: screenshot("app.jpg"), type: "jpeg", quality: 88 });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({ path: screenshot("app-phone.jpg"), type: "jpeg", quality: 88 });
});
