import { readFile } from "node:fs/promises";
import type { Prediction } from "../src/api/client.ts";
import { ASTRONAUT, LARGE_ON_ITS_SIDE, NO_FACE, TWO_FACES } from "./support/pictures.ts";
import { predictionAfter } from "./support/predictions.ts";
import { choose, csvRows, expect, expectFocusKept, isDrawnAt, open, type Page, test } from "./support/test.ts";

test.beforeEach(async ({ page }) => {
  await open(page, "/");
});

const result = (page: Page) => page.getByRole("region", { name: "Result" });
const label = (page: Page, name: string) => page.getByRole("radio", { name, exact: true });
const correction = (page: Page) => page.getByRole("region", { name: "Correction" });

/** Say that the label is wrong, and which one is right. */
async function submit(page: Page, name: string): Promise<void> {
  await correction(page).getByRole("button", { name: "Wrong" }).click();
  await label(page, name).check();
  await correction(page).getByRole("button", { name: "Submit correction" }).click();
}

/** The middles of a box's four sides are drawn, its centre is not. */
async function expectDrawn(
  page: Page,
  { image_size: [width = 1, height = 1] }: Prediction,
  [x = 0, y = 0, w = 0, h = 0]: number[],
) {
  const drawn = (px: number, py: number) => isDrawnAt(page, px / width, py / height);
  const points = [
    [x + w / 2, y],
    [x, y + h / 2],
    [x + w, y + h / 2],
    [x + w / 2, y + h / 2],
  ] as const;
  await expect.poll(() => Promise.all(points.map((point) => drawn(...point)))).toEqual([true, true, true, false]);
}

test("a chosen picture gets its box, and its correction is a row of the CSV", async ({ page, server }) => {
  const { prediction } = await predictionAfter(page, () => choose(page, ASTRONAUT));
  await expect(result(page).getByText("Happy").first()).toBeVisible();
  await expectDrawn(page, prediction, prediction.faces[0]?.box ?? []);

  await expect(correction(page)).toContainText("48 × 48 grey pixels");
  await submit(page, "Surprised");
  await expect(correction(page).getByRole("status")).toContainText("Stored as “Surprised”");

  await correction(page).getByRole("link", { name: "See all corrections" }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Download CSV" }).click(),
  ]);
  expect(download.suggestedFilename()).toBe("expression_pixel_data.csv");
  const [header, row, ...more] = (await readFile(await download.path(), "utf8")).trimEnd().split("\n");
  expect(header?.startsWith("label,pixel0,")).toBe(true);
  expect(more).toEqual([]);
  const [stored, ...pixels] = row?.split(",") ?? [];
  expect(stored).toBe("surprised");
  expect(pixels).toHaveLength(48 * 48);
  expect(new Set(pixels).size).toBeGreaterThan(50);
  expect(await csvRows(server)).toHaveLength(1);
});

test("none of these is stored as nan", async ({ page, server }) => {
  await choose(page, ASTRONAUT);
  await submit(page, "None of these");
  await expect(correction(page).getByRole("status")).toContainText("Stored");
  expect((await csvRows(server)).map(([label]) => label)).toEqual(["nan"]);
});

test("a correction whose answer was lost is sent again with the same key and stored once", async ({ page, server }) => {
  const keys: (string | undefined)[] = [];
  await page.route("**/save_expression_feedback*", async (route) => {
    keys.push(route.request().headers()["idempotency-key"]);
    await route.fetch(); // it is stored…
    if (keys.length < 4)
      await route.abort("connectionreset"); // …but nobody hears of it, not even the automatic tries
    else await route.continue();
  });
  await choose(page, ASTRONAUT);
  await submit(page, "Neutral");
  await expect(correction(page).getByRole("alert")).toContainText("Can't reach the server");
  await correction(page).getByRole("button", { name: "Submit again" }).click();
  await expect(correction(page).getByRole("status")).toContainText("Stored as “Neutral”");
  expect(keys).toHaveLength(4);
  expect(new Set(keys).size).toBe(1);
  expect(await csvRows(server)).toHaveLength(1);
});

test("the samples are recognised", async ({ page }) => {
  for (const [name, verdict] of [
    ["Astronaut", "Happy"],
    ["No face", "No face detected"],
  ] as const) {
    await page.getByRole("button", { name }).click();
    await expect(result(page).getByText(verdict).first()).toBeVisible();
    await page.getByRole("link", { name: "Another photo" }).click();
  }
  await page.getByRole("button", { name: "Group" }).click();
  await expect(page.getByRole("radio", { name: /^Face/ })).toHaveCount(4);
});

test("a picture can be pasted", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.evaluate(
    async (content) => {
      const bitmap = await createImageBitmap(new Blob([new Uint8Array(content)]));
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
      const png = await canvas.convertToBlob({ type: "image/png" });
      await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
    },
    [...(await readFile(ASTRONAUT))],
  );
  await page.keyboard.press("Control+V");
  await expect(result(page).getByText("Happy").first()).toBeVisible();
});

test("each of several faces can be picked by a click and corrected on its own", async ({ page, server }) => {
  const { prediction } = await predictionAfter(page, () => choose(page, TWO_FACES));
  expect(prediction.faces).toHaveLength(2);
  for (const { box } of prediction.faces) await expectDrawn(page, prediction, box);
  const second = prediction.faces[1]?.box ?? [];
  const canvas = page.locator("canvas");
  await expect(page.getByRole("radio", { name: /^Face 1:/ })).toBeChecked();
  await expect(async () => {
    const bounds = await canvas.boundingBox(); // the layout may still change before the click
    const scale = (bounds?.width ?? 0) / (prediction.image_size[0] ?? 1);
    await canvas.click({
      position: {
        x: ((second[0] ?? 0) + (second[2] ?? 0) / 2) * scale,
        y: ((second[1] ?? 0) + (second[3] ?? 0) / 2) * scale,
      },
    });
    await expect(page.getByRole("radio", { name: /^Face 2:/ })).toBeChecked({ timeout: 5000 });
  }).toPass({ timeout: 60_000 });

  for (const [face, name] of [
    ["Face 2", "Sad"],
    ["Face 1", "Afraid"],
  ] as const) {
    await page.getByRole("radio", { name: face }).check();
    await submit(page, name);
    await expect(correction(page).getByRole("status")).toContainText(`Stored as “${name}”`);
  }
  await page.getByRole("radio", { name: "Face 2" }).check();
  await expect(correction(page).getByRole("status")).toContainText("Stored as “Sad”");
  const rows = await csvRows(server);
  expect(rows.map(([label]) => label).sort()).toEqual(["fear", "sad"]);
  expect(rows[0]?.slice(1)).not.toEqual(rows[1]?.slice(1));
});

test("a large picture on its side is sent small and upright, and its box fits what is seen", async ({ page }) => {
  const { sent, prediction } = await predictionAfter(page, () => choose(page, LARGE_ON_ITS_SIDE));
  expect(prediction.image_size).toEqual([1024, 1280]);
  expect(sent.length).toBeLessThan(400_000);
  expect(sent.subarray(0, 2)).toEqual(Buffer.of(0xff, 0xd8)); // a JPEG
  const [, y = 0, , h = 0] = prediction.faces[0]?.box ?? [];
  expect(y + h).toBeLessThan(640); // the face is in the upper half
  await expectDrawn(page, prediction, prediction.faces[0]?.box ?? []);
  await expect(page.getByAltText(/^Your photo/)).toHaveJSProperty("naturalWidth", 1024);
  await expect(page.getByAltText(/^Your photo/)).toHaveJSProperty("naturalHeight", 1280);
});

test("all of it can be done with the keyboard, and the focus is never lost", async ({ page, server }) => {
  const press = (key: string) => page.keyboard.press(key);
  const focused = page.locator(":focus");
  // Listened for from the start: a chooser that opens before the browser knows of it would be missed.
  const chooser = page.waitForEvent("filechooser", { timeout: 100_000 });
  await press("Tab");
  await expect(focused).toHaveText("Skip to content");
  await press("Enter");
  await expect(page.getByRole("main")).toBeFocused();
  await press("Tab");
  await expect(focused).toHaveText("Choose photos");
  await press("Enter");
  await (await chooser).setFiles(TWO_FACES);
  await expect(page.getByRole("radio", { name: /^Face 2:/ })).toBeVisible();
  await expect(page.getByRole("main")).toBeFocused();

  await press("Tab");
  await expect(focused).toHaveAccessibleName(/^Face 1:/);
  await press("ArrowRight");
  await expect(page.getByRole("radio", { name: /^Face 2:/ })).toBeChecked();
  await press("Tab");
  await expect(focused).toHaveText("All seven scores");
  await press("Tab");
  await expect(focused).toHaveText("Correct");
  await press("Tab");
  await expect(focused).toHaveText("Wrong");
  await press("Enter");
  await expect(correction(page).locator("form")).toBeFocused();
  const choices = correction(page).getByRole("radio");
  await press("Tab");
  await expect(choices.nth(0)).toBeFocused();
  for (const choice of [choices.nth(1), choices.nth(2)]) {
    await press("ArrowDown");
    await expect(choice).toBeFocused();
    await expect(choice).toBeChecked();
  }
  const chosen = await choices.nth(2).getAttribute("value");
  await press("Tab");
  await expect(focused).toHaveText("Submit correction");
  await press("Enter");
  await expect(focused).toContainText("Stored as");
  expect((await csvRows(server)).map(([stored]) => stored)).toEqual([chosen]);

  await page.getByRole("link", { name: "Another photo" }).press("Enter");
  await expect(page.getByRole("heading", { name: "Recognise facial expressions" })).toBeVisible();
  await expectFocusKept(page);
});

test("that a label is right takes one click", async ({ page, server }) => {
  await choose(page, ASTRONAUT);
  await correction(page).getByRole("button", { name: "Correct" }).click();
  await expect(correction(page).getByRole("status")).toContainText("Stored as “Happy”");
  expect((await csvRows(server)).map(([label]) => label)).toEqual(["happy"]);
});

test("a picture without a face says so", async ({ page }) => {
  await choose(page, NO_FACE);
  await expect(result(page)).toContainText("No face detected");
  await expect(correction(page)).toHaveCount(0);
});

test("a file that is no picture says so", async ({ page }) => {
  await page
    .getByLabel("Photo files")
    .setInputFiles({ name: "notes.jpg", mimeType: "image/jpeg", buffer: Buffer.from("no picture") });
  await expect(page.getByRole("alert")).toContainText("isn't a photo this browser can open");
});

test("a server that is away says so, and its return is used", async ({ page, server }) => {
  await server.kill();
  await choose(page, ASTRONAUT);
  await expect(page.getByRole("alert")).toContainText("Can't reach the server");
  await server.start();
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(result(page).getByText("Happy").first()).toBeVisible();
});

test.describe("with a small limit on the server", () => {
  test.use({ settings: { FER_MAX_BODY_BYTES: "20000" } });

  test("a picture that is too large says so", async ({ page }) => {
    await choose(page, ASTRONAUT);
    await expect(page.getByRole("alert")).toContainText("larger than the server accepts");
  });
});
