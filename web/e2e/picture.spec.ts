import { readFile } from "node:fs/promises";
import type { Prediction } from "../src/api/client.ts";
import { ASTRONAUT, LARGE_ON_ITS_SIDE, NO_FACE, TWO_FACES } from "./pictures.ts";
import { choose, csvRows, expect, isDrawnAt, type Page, test } from "./test.ts";

test.beforeEach(async ({ page }) => {
  await page.goto("/");
});

const result = (page: Page) => page.getByRole("region", { name: "Result" });
const label = (page: Page, name: string) => page.getByRole("radio", { name, exact: true });
const correction = (page: Page) => page.getByRole("region", { name: "Correction" });

/** Do something that makes the page ask for a prediction; what the page sent and what the server said. */
async function predictionAfter(page: Page, act: () => Promise<unknown>) {
  let seen: (what: { sent: Buffer; prediction: Prediction }) => void;
  const answer = new Promise<{ sent: Buffer; prediction: Prediction }>((resolve) => {
    seen = resolve;
  });
  await page.route("**/predict_expression*", async (route) => {
    const response = await route.fetch();
    seen({ sent: route.request().postDataBuffer() ?? Buffer.of(), prediction: await response.json() });
    await route.fulfill({ response });
  });
  await act();
  return answer;
}

/** The middles of a box's four sides are drawn, its centre is not. */
async function expectDrawn(
  page: Page,
  { image_size: [width = 1, height = 1] }: Prediction,
  [x = 0, y = 0, w = 0, h = 0]: number[],
) {
  const drawn = (px: number, py: number) => isDrawnAt(page, px / width, py / height);
  await expect.poll(() => drawn(x + w / 2, y)).toBe(true);
  expect(await drawn(x, y + h / 2)).toBe(true);
  expect(await drawn(x + w, y + h / 2)).toBe(true);
  expect(await drawn(x + w / 2, y + h / 2)).toBe(false);
}

test("a chosen picture gets its box, and its correction is a row of the CSV", async ({ page, server }) => {
  const { prediction } = await predictionAfter(page, () => choose(page, ASTRONAUT));
  await expect(result(page).getByText("Happy").first()).toBeVisible();
  await expectDrawn(page, prediction, prediction.faces[0]?.box ?? []);

  await expect(correction(page)).toContainText("48 × 48 grey pixels");
  await label(page, "Surprised").check();
  await correction(page).getByRole("button", { name: "Send the label" }).click();
  await expect(correction(page).getByRole("status")).toContainText("Stored as “Surprised”");

  await correction(page).getByRole("link").click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Download the CSV" }).click(),
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
  await label(page, "None of these").check();
  await correction(page).getByRole("button", { name: "Send the label" }).click();
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
  await label(page, "Neutral").check();
  await correction(page).getByRole("button", { name: "Send the label" }).click();
  await expect(correction(page).getByRole("alert")).toContainText("does not answer");
  await correction(page).getByRole("button", { name: "Send again" }).click();
  await expect(correction(page).getByRole("status")).toContainText("Stored as “Neutral”");
  expect(keys).toHaveLength(4);
  expect(new Set(keys).size).toBe(1);
  expect(await csvRows(server)).toHaveLength(1);
});

test("the sample picture is recognised", async ({ page }) => {
  await page.getByRole("button", { name: "Try a sample" }).click();
  await expect(result(page).getByText("Happy").first()).toBeVisible();
});

test("a picture can be dropped on the page", async ({ page }) => {
  const bytes = [...(await readFile(ASTRONAUT))];
  const data = await page.evaluateHandle((content) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(content)], "dropped.jpg", { type: "image/jpeg" }));
    return transfer;
  }, bytes);
  await page.dispatchEvent("main", "dragover", { dataTransfer: data });
  await page.dispatchEvent("main", "drop", { dataTransfer: data });
  await expect(result(page).getByText("Happy").first()).toBeVisible();
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
  const bounds = await canvas.boundingBox();
  const scale = (bounds?.width ?? 0) / (prediction.image_size[0] ?? 1);
  await expect(page.getByRole("radio", { name: /^Face 1:/ })).toBeChecked();
  await canvas.click({
    position: {
      x: ((second[0] ?? 0) + (second[2] ?? 0) / 2) * scale,
      y: ((second[1] ?? 0) + (second[3] ?? 0) / 2) * scale,
    },
  });
  await expect(page.getByRole("radio", { name: /^Face 2:/ })).toBeChecked();

  for (const [face, name] of [
    ["Face 2", "Sad"],
    ["Face 1", "Fear"],
  ] as const) {
    await page.getByRole("radio", { name: face }).check();
    await label(page, name).check();
    await correction(page).getByRole("button", { name: "Send the label" }).click();
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
  const shown = await page
    .getByAltText("What you brought")
    .evaluate((image: HTMLImageElement) => [image.naturalWidth, image.naturalHeight]);
  expect(shown).toEqual([1024, 1280]);
});

test("all of it can be done with the keyboard", async ({ page, server }) => {
  const press = (...keys: string[]) =>
    keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
  const focused = page.locator(":focus");
  const chooser = page.waitForEvent("filechooser");
  await press("Tab");
  await expect(focused).toHaveText("Skip to the content");
  await press("Enter", "Tab");
  await expect(focused).toHaveText("Choose a picture");
  await press("Enter");
  await (await chooser).setFiles(TWO_FACES);
  await expect(page.getByRole("radio", { name: /^Face 2:/ })).toBeVisible();

  await press("Tab", "Tab", "Tab");
  await expect(focused).toHaveAccessibleName(/^Face 1:/);
  await press("ArrowRight");
  await expect(page.getByRole("radio", { name: /^Face 2:/ })).toBeChecked();
  await press("Tab", "ArrowDown", "ArrowDown");
  const chosen = await focused.getAttribute("value");
  await press("Tab");
  await expect(focused).toHaveText("Send the label");
  await press("Enter");
  await expect(focused).toContainText("Stored as");
  expect((await csvRows(server)).map(([stored]) => stored)).toEqual([chosen]);
});

test("the picture with the server's boxes can be saved", async ({ page }) => {
  await choose(page, ASTRONAUT);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save with boxes" }).click(),
  ]);
  expect(download.suggestedFilename()).toBe("astronaut-expressions.png");
  expect((await readFile(await download.path())).subarray(1, 4).toString()).toBe("PNG");
});

test("a picture without a face says so", async ({ page }) => {
  await choose(page, NO_FACE);
  await expect(result(page)).toContainText("No face was found");
  await expect(correction(page)).toHaveCount(0);
});

test("a file that is no picture says so", async ({ page }) => {
  await page
    .getByLabel("Picture file")
    .setInputFiles({ name: "notes.jpg", mimeType: "image/jpeg", buffer: Buffer.from("no picture") });
  await expect(page.getByRole("alert")).toContainText("cannot open that file");
});

test("a server that is away says so, and its return is used", async ({ page, server }) => {
  await server.kill();
  await choose(page, ASTRONAUT);
  await expect(page.getByRole("alert")).toContainText("does not answer");
  await server.start();
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(result(page).getByText("Happy").first()).toBeVisible();
});

test.describe("with a small limit on the server", () => {
  test.use({ settings: { FER_MAX_BODY_BYTES: "20000" } });

  test("a picture that is too large says so", async ({ page }) => {
    await choose(page, ASTRONAUT);
    await expect(page.getByRole("alert")).toContainText("larger than the server takes");
  });
});
