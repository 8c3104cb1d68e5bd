import { ASTRONAUT } from "./support/pictures.ts";
import { choose, expect, open, test } from "./support/test.ts";

test.use({ serviceWorkers: "allow" });

test("the page opens without a network and says so when it needs one", async ({ page, context, server }) => {
  await open(page, "/");
  await page.evaluate(() => navigator.serviceWorker.ready);
  await expect.poll(() => page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true);
  await context.setOffline(true);
  await page.reload();
  await expect(page.getByRole("heading", { name: "Recognise facial expressions" })).toBeVisible();
  for (const view of ["Live", "Dashboard", "Photo"]) {
    await page.getByRole("link", { name: view, exact: true }).click();
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  }
  await choose(page, ASTRONAUT);
  await expect(page.getByRole("alert")).toContainText("You're offline");
  await context.setOffline(false);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("region", { name: "Result" })).toContainText("Happy");
  // Nothing but the page's own files is kept.
  const kept = await page.evaluate(async () => {
    const caches_ = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
    return (await Promise.all(caches_.map((cache) => cache.keys()))).flat().map(({ url }) => url);
  });
  expect(kept.length).toBeGreaterThan(10);
  for (const url of kept) expect(url.slice(server.url.length)).toMatch(/^\/($|assets\/|icon-|manifest\.)/);
});

test("the manifest is complete, and its icons are there", async ({ page }) => {
  await open(page, "/");
  const manifest = await page.evaluate(async () => {
    const link = document.querySelector<HTMLLinkElement>("link[rel=manifest]");
    const described = await (await fetch(link?.href ?? "")).json();
    const icons = described.icons.map(async ({ src, sizes }: { src: string; sizes: string }) => {
      const bitmap = await createImageBitmap(await (await fetch(new URL(src, link?.href))).blob());
      return `${bitmap.width}x${bitmap.height}` === sizes;
    });
    return { ...described, icons: await Promise.all(icons) };
  });
  expect(manifest).toMatchObject({ name: "Expression recogniser", display: "standalone", icons: [true, true, true] });
});
