import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, screenshot } from "./test.ts";

const SCREENS = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 360, height: 640 },
};
const COLOUR_SCHEMES = ["light", "dark"] as const;
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/**
 * On a desktop and a narrow phone, light and dark: keeps a screenshot of the view, nothing sticks out to the side,
 * and axe finds nothing serious or critical.
 */
export async function expectFine(page: Page, view: string): Promise<void> {
  await page.emulateMedia({ reducedMotion: "reduce" });
  for (const [screen, viewport] of Object.entries(SCREENS)) {
    for (const colorScheme of COLOUR_SCHEMES) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      // Colours under way would be neither scheme's, and axe would measure them.
      expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
      await page.screenshot({ path: screenshot(`${view}-${screen}-${colorScheme}.png`), fullPage: true });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width);
      const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      const found = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
      expect(found, `${screen}, ${colorScheme}`).toEqual([]);
    }
  }
}
