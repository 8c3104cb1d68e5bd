import AxeBuilder from "@axe-core/playwright";
import { expect, type Locator, type Page, screenshot } from "./test.ts";

const SCREENS = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 360, height: 640 },
  landscape: { width: 844, height: 390 },
};
const ONE_VIEW = [
  { width: 1280, height: 800 },
  { width: 1366, height: 768 },
  { width: 390, height: 844 },
  { width: 844, height: 390 },
];
const COLOUR_SCHEMES = ["light", "dark"] as const;
export const AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/**
 * On a desktop and on a phone, upright and on its side, light and dark: keep a screenshot of the view, and check that
 * nothing sticks out to the side and that axe finds nothing.
 */
export async function expectFine(page: Page, view: string): Promise<void> {
  await page.emulateMedia({ reducedMotion: "reduce" });
  for (const [screen, viewport] of Object.entries(SCREENS)) {
    for (const colorScheme of COLOUR_SCHEMES) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      // Colours under way would be neither scheme's, and axe would measure them.
      await expect.poll(() => page.evaluate(() => document.getAnimations().length)).toBe(0);
      await page.screenshot({ path: screenshot(`${view}-${screen}-${colorScheme}.png`), fullPage: true });
      await expect
        .poll(() => page.evaluate(() => document.documentElement.scrollWidth))
        .toBeLessThanOrEqual(viewport.width);
      // Otherwise each look opens a tab of its own, for frames of other origins; there are none.
      const { violations } = await new AxeBuilder({ page }).withTags(AXE_RULES).setLegacyMode().analyze();
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
      expect(found, `${screen}, ${colorScheme}`).toEqual([]);
    }
  }
}

/** Check that all parts are in sight at once, on desktops and phones, without scrolling. */
export async function expectInOneView(page: Page, parts: Locator[]): Promise<void> {
  for (const viewport of ONE_VIEW) {
    await page.setViewportSize(viewport);
    await page.evaluate(() => window.scrollTo(0, 0));
    for (const part of parts) {
      await expect(part.first(), `${viewport.width}×${viewport.height}: ${part}`).toBeInViewport({ ratio: 0.9 });
    }
  }
}
