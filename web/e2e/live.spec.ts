import { expectFine } from "./appearance.ts";
import { csvRows, expect, isDrawnAt, type Page, test } from "./test.ts";

const state = (page: Page) => page.getByRole("region", { name: "State" }).getByRole("status");
const faces = (page: Page) => page.getByRole("group", { name: "Which face" }).getByRole("radio");

interface Result {
  image_size: [number, number];
  faces: { box: [number, number, number, number] }[];
}

/** Whether both sides of the first face's box are drawn where the mirrored picture has them, and not elsewhere. */
async function isDrawnMirrored(page: Page, { image_size, faces }: Result): Promise<boolean> {
  const [width, height] = image_size;
  const [x, y, w, h] = faces[0]?.box ?? [0, 0, 0, 0];
  const middle = (y + h / 2) / height;
  const [left, right, unmirrored] = await Promise.all(
    [1 - x / width, 1 - (x + w) / width, x / width].map((at) => isDrawnAt(page, at, middle)),
  );
  return left === true && right === true && unmirrored === false;
}

async function startCamera(page: Page): Promise<void> {
  await page.goto("/#/live");
  await page.getByRole("button", { name: "Start the camera" }).click();
}

test("a face keeps its one id for ten seconds, with a steady label", async ({ page }) => {
  await startCamera(page);
  await expect(state(page)).toHaveText("Live");
  await expect(faces(page)).toHaveCount(1);
  // Every change of the list of faces is kept, not just what a look now and then would see.
  const seen = await page.evaluate(async () => {
    const names = new Set<string>();
    const look = () => {
      const found = [...document.querySelectorAll<HTMLInputElement>("fieldset input[type=radio]")];
      names.add(found.map((input) => input.ariaLabel?.replace(/,.*/, "")).join(" + "));
    };
    look();
    const observer = new MutationObserver(look);
    observer.observe(document.body, { subtree: true, childList: true, attributes: true });
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    observer.disconnect();
    return [...names];
  });
  expect(seen).toEqual(["Face 1: Happy"]);
  await expect(page.locator("dd").first()).toHaveText(/^\d+$/);
  await expect(page.locator("dd").nth(1)).toHaveText(/^\d+ ms$/);
});

test("nothing goes to the server before the camera is started, nor while paused", async ({ page, server }) => {
  const frames: number[] = [];
  page.on("websocket", (socket) => socket.on("framesent", () => frames.push(Date.now())));
  await page.goto("/#/live");
  await expect(page.getByText("Nothing is recorded")).toBeVisible();
  expect(frames).toEqual([]);
  await page.getByRole("button", { name: "Start the camera" }).click();
  await expect(faces(page)).toHaveCount(1);
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(state(page)).toHaveText("Paused");
  await page.waitForTimeout(500); // a frame that was on its way
  const before = frames.length;
  await page.waitForTimeout(1500);
  expect(frames.length).toBe(before);
  expect(before).toBeGreaterThan(0);
  expect(await csvRows(server)).toEqual([]);

  await page.getByRole("button", { name: "Go on" }).click();
  await expect.poll(() => frames.length).toBeGreaterThan(before);
});

test("a paused frame has its boxes where the mirrored faces are, and can be corrected", async ({ page, server }) => {
  const results: Result[] = [];
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => {
      const message = JSON.parse(String(payload));
      if (message.type === "result" && message.faces.length > 0) results.push(message);
    }),
  );
  await startCamera(page);
  await expect(faces(page)).toHaveCount(1);
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.getByAltText("The frame at which the video was paused")).toBeVisible();
  // The face moves, and a result or two may have come after the button was pressed: those are not shown.
  await expect
    .poll(async () => {
      const fitting = await Promise.all(results.slice(-3).map((result) => isDrawnMirrored(page, result)));
      return fitting.includes(true);
    })
    .toBe(true);

  const panel = page.getByRole("region", { name: "Correction" });
  await panel.getByRole("radio", { name: "Disgusted" }).check();
  await panel.getByRole("button", { name: "Send the label" }).click();
  await expect(panel.getByRole("status")).toContainText("Stored as “Disgusted”");
  expect((await csvRows(server)).map(([label]) => label)).toEqual(["disgusted"]);
});

test("a server that is killed and comes back is found again", async ({ page, server }) => {
  await startCamera(page);
  await expect(state(page)).toHaveText("Live");
  await expect(faces(page)).toHaveCount(1);
  await server.kill();
  await expect(state(page)).toContainText("does not answer");
  await page.waitForTimeout(2000);
  await server.start();
  await expect(state(page)).toHaveText("Live", { timeout: 20_000 });
  await expect(faces(page)).toHaveCount(1);
});

test("where the socket cannot be opened, pictures go over HTTP", async ({ page }) => {
  await page.routeWebSocket(/\/stream$/, (socket) => socket.close());
  await startCamera(page);
  await expect(state(page)).toHaveText("Live, one picture at a time");
  await expect(faces(page)).toHaveCount(1);
  await expect(page.locator("dd").first()).toHaveText(/^\d+$/);
});

test("a still picture can be taken and is recognised", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("button", { name: "Use the camera" }).click();
  await page.getByRole("button", { name: "Take the picture" }).click();
  await expect(page.getByRole("region", { name: "Result" }).getByText("Happy").first()).toBeVisible();
});

test("a camera that is refused says what to do", async ({ page, context }) => {
  await context.clearPermissions();
  await startCamera(page);
  await expect(page.getByRole("alert")).toContainText("The camera was not allowed");
});

test("the paused video is fine on every screen", async ({ page }) => {
  await startCamera(page);
  await expect(page.locator("dd").first()).toHaveText(/^\d+$/);
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.getByAltText("The frame at which the video was paused")).toBeVisible();
  await expectFine(page, "video");
});
