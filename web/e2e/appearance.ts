import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, screenshot } from "./test.ts";

export const SCREENS = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 360, height: 640 },
};

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Keeps a screenshot; nothing sticks out to the side, and axe finds nothing serious or critical. */
export async function expectFine(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: screenshot(name), fullPage: true });
  const [width, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth] as const);
  expect(width).toBeLessThanOrEqual(seen);
  const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
}
