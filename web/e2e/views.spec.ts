import { expectFine, expectInOneView } from "./support/appearance.ts";
import { ASTRONAUT, CROWD, TWO_FACES } from "./support/pictures.ts";
import { choose, expect, open, screenshot, test } from "./support/test.ts";
import { VIEW_STATES } from "./support/view_states.ts";

for (const [view, visit] of Object.entries(VIEW_STATES)) {
  test(`the view ${view} is fine on every screen`, async ({ page, server }) => {
    test.slow(); // axe looks at it six times, and the machine may be busy
    await visit(page, server);
    await expectFine(page, view);
  });
}

test("nothing jumps while a picture is worked on", async ({ page }) => {
  await open(page, "/");
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
  await open(page, "/");
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
    await open(page, "/");
  }
});

test("on a phone, a face that is chosen has its scores in view", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page, "/");
  await choose(page, CROWD);
  await page.getByRole("radio", { name: /^Face 20:/ }).check();
  await expect(page.getByRole("region", { name: "Result" })).toBeInViewport({ ratio: 0.9 });
  await expect(page.getByRole("list", { name: "Score of each expression" })).toBeInViewport();
});

test("in forced colours bars, tab and selection can be told apart", async ({ page }) => {
  await page.emulateMedia({ forcedColors: "active", reducedMotion: "reduce" });
  await open(page, "/");
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
  await open(page, "/");
  await page.waitForFunction(() => [...document.images].every(({ complete }) => complete));
  await page.getByRole("button", { name: "Group" }).click();
  await page.getByRole("radio", { name: /^Face 1:/ }).check();
  await expect(page.getByRole("button", { name: "Correct" })).toBeVisible();
  await page.screenshot({ path: screenshot("app.jpg"), type: "jpeg", quality: 88 });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({ path: screenshot("app-phone.jpg"), type: "jpeg", quality: 88 });
});
