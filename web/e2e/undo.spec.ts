import { ASTRONAUT, TWO_FACES } from "./support/pictures.ts";
import { choose, csvRows, expect, expectFocusKept, open, type Page, test } from "./support/test.ts";

const correction = (page: Page) => page.getByRole("region", { name: "Correction" });

test("a correction is undone with one click, its row is gone, and another one may follow", async ({ page, server }) => {
  await open(page, "/");
  await choose(page, ASTRONAUT);
  await correction(page).getByRole("button", { name: "Correct" }).click();
  await expect(correction(page).getByRole("status")).toContainText("Stored as “Happy”");
  expect(await csvRows(server)).toHaveLength(1);
  await correction(page).getByRole("button", { name: "Undo" }).click();
  await expect(correction(page).getByRole("status")).toContainText("Taken back");
  await expectFocusKept(page);
  expect(await csvRows(server)).toEqual([]);

  await correction(page).getByRole("button", { name: "Wrong" }).click();
  await correction(page).getByRole("radio", { name: "Sad" }).check();
  await correction(page).getByRole("button", { name: "Submit correction" }).click();
  await expect(correction(page).getByRole("status")).toContainText("Stored as “Sad”");
  expect((await csvRows(server)).map(([label]) => label)).toEqual(["sad"]);
});

test("what was sent is listed with its thumbnail after the tab is closed, and can be taken back", async ({
  page,
  context,
  server,
}) => {
  await open(page, "/");
  await choose(page, TWO_FACES);
  for (const face of ["Face 1", "Face 2"]) {
    await page.getByRole("radio", { name: face }).check();
    await correction(page).getByRole("button", { name: "Correct" }).click();
    await expect(correction(page).getByRole("status")).toContainText("Stored as");
  }
  await page.close();

  const later = await context.newPage();
  await open(later, "/#/sent");
  const items = later.getByRole("listitem");
  await expect(items).toHaveCount(2);
  await expect(items.first().locator("img")).toHaveJSProperty("naturalWidth", 64);
  await expect(items.first()).toContainText("can be taken back until");
  await items.first().getByRole("button", { name: "Take back" }).click();
  await expect(items.first().getByRole("status")).toHaveText("Taken back");
  await expect(items.first().locator("img")).toHaveCount(0);
  expect(await csvRows(server)).toHaveLength(1);
});
