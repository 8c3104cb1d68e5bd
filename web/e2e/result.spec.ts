import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { EXAMPLE } from "../src/features/results/example.ts";
import { ASTRONAUT, CROWD, TWO_FACES } from "./support/pictures.ts";
import { predictionAfter } from "./support/predictions.ts";
import { choose, expect, isDrawnAt, open, screenshot, test } from "./support/test.ts";

test.beforeEach(async ({ page }) => {
  await open(page, "/");
});

test("what is saved is what is seen, and needs no network", async ({ page, context }) => {
  await choose(page, TWO_FACES);
  await expect(page.getByRole("radio", { name: /^Face 2:/ })).toBeVisible();
  await context.setOffline(true);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save with boxes" }).click(),
  ]);
  expect(download.suggestedFilename()).toBe("two_faces-expressions.png");
  const png = await readFile(await download.path());
  // On the screen and in the file the same share of the picture's area has the colour of "Happy".
  const shares = await page.evaluate(
    async (bytes) => {
      const share = (
        context: OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D,
        width: number,
        height: number,
      ) => {
        const { data } = context.getImageData(0, 0, width, height);
        let found = 0;
        for (let at = 0; at < data.length; at += 4) {
          const near = (channel: number, value: number) => Math.abs((data[at + channel] ?? 0) - value) < 12;
          if (near(0, 0xc3) && near(1, 0x81) && near(2, 0x15) && (data[at + 3] ?? 0) > 200) found += 1;
        }
        return found / (width * height);
      };
      const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
      const saved = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
      const shown = document.querySelector("canvas");
      const screen = shown?.getContext("2d");
      if (saved === null || !shown || !screen) throw new Error("no canvas");
      saved.drawImage(bitmap, 0, 0);
      return [share(saved, bitmap.width, bitmap.height), share(screen, shown.width, shown.height)];
    },
    [...png],
  );
  expect(shares[1]).toBeGreaterThan(0.002);
  expect((shares[0] ?? 0) / (shares[1] ?? 1)).toBeGreaterThan(0.6);
  expect((shares[0] ?? 0) / (shares[1] ?? 1)).toBeLessThan(1.7);
});

test("JSON and the curl line can be copied", async ({ page, context, server }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const { prediction } = await predictionAfter(page, () => choose(page, ASTRONAUT));
  await page.getByRole("button", { name: "Copy JSON" }).click();
  await expect(page.getByText("JSON copied")).toBeVisible();
  expect(JSON.parse(await page.evaluate(() => navigator.clipboard.readText()))).toEqual(prediction);
  await page.getByRole("button", { name: "Copy curl command" }).click();
  await expect(page.getByText("Command copied")).toBeVisible();
  const line = await page.evaluate(() => navigator.clipboard.readText());
  expect(line).toContain(`${server.url}/predict_expression?annotate=none`);
  const answer = execFileSync("sh", ["-c", line.replace(/^curl -s/, "curl -s -S")], {
    cwd: dirname(ASTRONAUT),
    encoding: "utf8",
  });
  expect(JSON.parse(answer)).toEqual(prediction);
});

test("in a crowd there are numbers from left to right, and the caption of the face that is pointed at", async ({
  page,
}) => {
  const { prediction } = await predictionAfter(page, () => choose(page, CROWD));
  expect(prediction.faces.length).toBeGreaterThan(24);
  const names = page.getByRole("radio", { name: /^Face/ });
  await expect(names).toHaveCount(prediction.faces.length);
  const order = await names.evaluateAll((inputs) => inputs.map((input) => Number((input as HTMLInputElement).value)));
  // Six columns of five; how far each face is to the right of its column's place does not matter.
  const boxes = order.map((face) => prediction.faces[face]?.box ?? []);
  const columns = boxes.map(([x = 0, , width = 0]) => Math.floor((x + width / 2) / 200));
  expect(columns).toEqual([...columns].sort((one, other) => one - other));
  for (let column = 0; column < 6; column += 1) {
    const tops = boxes.filter((_, index) => columns[index] === column).map(([, y = 0]) => y);
    expect(tops).toEqual([...tops].sort((one, other) => one - other));
  }

  // Pointing at a face shows its caption; only the selected one has it otherwise.
  const other = Number(await page.getByRole("radio", { name: /^Face 8:/ }).getAttribute("value"));
  const [x = 0, y = 0, width = 0, height = 0] = prediction.faces[other]?.box ?? [];
  const overlay = page.locator("canvas");
  const bounds = await overlay.boundingBox();
  const scale = (bounds?.width ?? 0) / (prediction.image_size[0] ?? 1);
  const captionAt = [x + 90 / scale, y + height + 16 / scale] as const; // past where a number alone would end
  const isCaptioned = () =>
    isDrawnAt(page, captionAt[0] / (prediction.image_size[0] ?? 1), captionAt[1] / (prediction.image_size[1] ?? 1));
  expect(await isCaptioned()).toBe(false);
  await overlay.hover({ position: { x: (x + width / 2) * scale, y: (y + height / 2) * scale } });
  await expect.poll(isCaptioned).toBe(true);
  await page.screenshot({ path: screenshot("crowd.png") });
});

test("the example on the first screen is what the server says", async ({ page }) => {
  const { prediction } = await predictionAfter(page, () => choose(page, ASTRONAUT));
  const [face] = prediction.faces;
  expect(face?.expression).toBe(EXAMPLE.face.expression);
  expect(face?.confidence).toBeGreaterThan(0.9);
  expect(Math.abs((face?.confidence ?? 0) - EXAMPLE.face.confidence)).toBeLessThan(0.005);
  for (const [index, side] of EXAMPLE.face.box.entries())
    expect(Math.abs((face?.box[index] ?? 0) - side)).toBeLessThan(9);
});
