import { readFile } from "node:fs/promises";
import { ASTRONAUT, NO_FACE, TWO_FACES } from "./support/pictures.ts";
import { choose, drop, expect, expectFocusKept, open, type Page, test } from "./support/test.ts";

const result = (page: Page) => page.getByRole("region", { name: "Result" });
const correction = (page: Page) => page.getByRole("region", { name: "Correction" });
const face = (page: Page, number: number) => page.getByRole("radio", { name: new RegExp(`^Face ${number}:`) });

/** The second face selected, and its label corrected. */
async function work(page: Page): Promise<void> {
  await open(page, "/");
  await choose(page, TWO_FACES);
  await face(page, 2).check();
  await correction(page).getByRole("button", { name: "Wrong" }).click();
  await correction(page).getByRole("radio", { name: "Sad" }).check();
  await correction(page).getByRole("button", { name: "Submit correction" }).click();
  await expect(correction(page).getByRole("status")).toContainText("Stored as “Sad”");
}

async function expectWorkKept(page: Page): Promise<void> {
  await expect(face(page, 2)).toBeChecked();
  await expect(correction(page).getByRole("status")).toContainText("Stored as “Sad”");
  await expect(page.getByAltText("Your photo: two_faces.jpg")).toBeVisible();
}

test("photo, result and corrections survive a visit elsewhere, Back, and a reload", async ({ page }) => {
  let predictions = 0;
  page.on("request", (request) => {
    if (request.url().includes("predict_expression")) predictions += 1;
  });
  await work(page);
  for (const tab of ["Live", "Dashboard"]) {
    await page.getByRole("link", { name: tab, exact: true }).click();
    await expect(page.getByRole("link", { name: tab, exact: true })).toHaveAttribute("aria-current", "page");
    await page.getByRole("link", { name: "Photo", exact: true }).click();
    await expectWorkKept(page);
  }
  await page.reload();
  await expectWorkKept(page);
  expect(predictions).toBe(1);
});

test("Back from a result leads to the start of the app, and forward to the result", async ({ page }) => {
  await work(page);
  await page.goBack();
  await expect(page.getByRole("heading", { name: "Recognise facial expressions" })).toBeVisible();
  await expectFocusKept(page);
  await page.getByRole("link", { name: "Your photo: two_faces.jpg" }).click();
  await expectWorkKept(page);
  await page.goBack();
  await page.getByRole("button", { name: "Remove all" }).click();
  await expect(page.getByRole("region", { name: "Your photos" })).toHaveCount(0);
  await page.reload();
  await expect(page.getByRole("region", { name: "Your photos" })).toHaveCount(0);
});

test("a photo outlives nothing but reloads: another tab does not know it", async ({ page, context }) => {
  await work(page);
  const other = await context.newPage();
  await open(other, "/");
  await expect(other.getByRole("heading", { name: "Recognise facial expressions" })).toBeVisible();
  await expect(other.getByRole("region", { name: "Your photos" })).toHaveCount(0);
});

for (const view of ["", "live", "dashboard", "photos", "sent"]) {
  test(`a photo dropped on the view "${view}" is taken`, async ({ page }) => {
    await open(page, `/#/${view}`);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await drop(page, [{ name: "dropped.jpg", type: "image/jpeg", bytes: await readFile(ASTRONAUT) }]);
    await expect(result(page).getByText("Happy").first()).toBeVisible();
    await expect(page.getByAltText("Your photo: dropped.jpg")).toBeVisible();
    await expectFocusKept(page);
  });
}

test("a photo dropped on another one is taken, and the other one stays", async ({ page }) => {
  await open(page, "/");
  await choose(page, TWO_FACES);
  await expect(face(page, 2)).toBeVisible();
  await drop(page, [{ name: "dropped.jpg", type: "image/jpeg", bytes: await readFile(ASTRONAUT) }]);
  await expect(page.getByAltText("Your photo: dropped.jpg")).toBeVisible();
  await expect(result(page).getByText("Happy").first()).toBeVisible();
  await page.getByRole("link", { name: "Previous photo" }).click();
  await expect(face(page, 2)).toBeVisible();
});

test("what is dropped and is no photo is refused where one looks", async ({ page }) => {
  await open(page, "/#/dashboard");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await drop(page, [{ name: "notes.txt", type: "text/plain", bytes: Buffer.from("no photo") }]);
  await expect(page.getByRole("alert")).toContainText("isn't a photo this browser can open");
  await expect(page.getByRole("alert")).toBeInViewport();
});

test("a batch can be stopped, and what is left of it taken up again", async ({ page, server }) => {
  await open(page, "/#/photos");
  await page.getByRole("link", { name: "Add photos" }).click(); // the code of the table is there now
  server.stall();
  await choose(page, [ASTRONAUT, TWO_FACES, NO_FACE]);
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByText("0 of 3 done")).toBeVisible();
  await expect(page.getByRole("cell", { name: "Cancelled." })).toHaveCount(3);
  await expectFocusKept(page);
  server.resume();
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("row", { name: "two_faces.jpg" })).toContainText("Happy");
  await expect(page.getByRole("row", { name: "no_face.png" })).toContainText("No face");
  await expect(page.getByRole("button", { name: "Try again" })).toHaveCount(0);
});

test("several files are taken one after the other, and give a table and a CSV", async ({ page }) => {
  let running = 0;
  let most = 0;
  await page.route("**/predict_expression*", async (route) => {
    running += 1;
    most = Math.max(most, running);
    const response = await route.fetch();
    running -= 1;
    await route.fulfill({ response });
  });
  await open(page, "/");
  const note = { name: "notes.jpg", type: "image/jpeg", bytes: Buffer.from("no photo") };
  const files = [ASTRONAUT, TWO_FACES, NO_FACE].map(async (path) => ({
    name: path.replace(/.*\//, ""),
    type: path.endsWith("png") ? "image/png" : "image/jpeg",
    bytes: await readFile(path),
  }));
  await drop(page, [...(await Promise.all(files)), note]);
  await expect(page.getByText("4 of 4 done")).toBeVisible();
  expect(most).toBe(1);
  const row = (name: string) => page.getByRole("row", { name });
  await expect(row("astronaut.jpg")).toContainText("Happy");
  await expect(row("two_faces.jpg")).toContainText("2");
  await expect(row("no_face.png")).toContainText("No face");
  await expect(row("notes.jpg")).toContainText("isn't a photo this browser can open");

  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download CSV" }).click(),
  ]);
  const rows = (await readFile(await download.path(), "utf8")).trimEnd().split("\n");
  expect(rows.map((line) => line.split(",").slice(0, 2).join())).toEqual([
    "photo,face",
    "astronaut.jpg,1",
    "two_faces.jpg,1",
    "two_faces.jpg,2",
    "no_face.png,",
  ]);

  await row("two_faces.jpg").getByRole("link").click();
  await expect(face(page, 2)).toBeVisible();
  await page.getByRole("link", { name: "Previous photo" }).click();
  await expect(page.getByAltText("Your photo: astronaut.jpg")).toBeVisible();
});
