import { readFile } from "node:fs/promises";
import { expectFine, expectInOneView } from "./support/appearance.ts";
import { csvRows, expect, isDrawnAt, open, type Page, test } from "./support/test.ts";

const state = (page: Page) => page.getByRole("status", { name: "Status" });
const verdict = (page: Page) => page.getByRole("region", { name: "Result" });
const figures = (page: Page) => page.locator("dd");

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

/** Whether there is anything on the canvas of that name. */
async function isDrawn(page: Page, name: string): Promise<boolean> {
  return page.getByRole("img", { name }).evaluate((element) => {
    const canvas = element as HTMLCanvasElement;
    const data = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data;
    return data?.some((value, index) => index % 4 === 3 && value > 0) ?? false;
  });
}

async function startCamera(page: Page): Promise<void> {
  await open(page, "/#/live");
  await page.getByRole("button", { name: "Start camera" }).click();
}

test("a face keeps its one id for ten seconds, with a steady label", async ({ page }) => {
  await startCamera(page);
  await expect(state(page)).toHaveText("Live");
  await expect(verdict(page)).toContainText("Happy");
  // Every change of what is said is kept, not just what a look now and then would see.
  const seen = await verdict(page).evaluate(async (region) => {
    const said = new Set<string>();
    const look = () => said.add(region.textContent?.replace(/ score.*/, "") ?? "");
    look();
    const observer = new MutationObserver(look);
    observer.observe(region, { subtree: true, childList: true, characterData: true });
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    observer.disconnect();
    return [...said];
  });
  // Where the machine stops for seconds, that nothing is known is the truth, and no label.
  expect(seen.filter((said) => said !== "Waiting for an answer…")).toEqual(["Happy"]);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save session as CSV" }).click(),
  ]);
  const [header, ...rows] = (await readFile(await download.path(), "utf8")).trimEnd().split("\n");
  expect(header).toBe("time,face,x,y,width,height,happy,surprised,neutral,sad,fear,disgusted,angry");
  expect(rows.length).toBeGreaterThan(10);
  expect(new Set(rows.map((row) => row.split(",")[1]))).toEqual(new Set(["1"]));
  for (const row of rows)
    expect(
      row
        .split(",")
        .slice(6)
        .reduce((sum, score) => sum + Number(score), 0),
    ).toBeCloseTo(1, 3);
  await expect.poll(() => isDrawn(page, "Scores over the last 60 seconds")).toBe(true);
  await expect(figures(page).first()).toHaveText(/^\d+ fps$/);
  await expect(figures(page).nth(1)).toHaveText(/^\d+ ms$/);
});

test("nothing goes to the server before the camera is started, nor while paused", async ({ page, server }) => {
  const frames: number[] = [];
  page.on("websocket", (socket) => socket.on("framesent", () => frames.push(Date.now())));
  await open(page, "/#/live");
  await expect(page.getByText("Nothing is recorded")).toBeVisible();
  expect(frames).toEqual([]);
  await page.getByRole("button", { name: "Start camera" }).click();
  await expect(verdict(page)).toContainText("Happy");
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(state(page)).toHaveText("Paused");
  await expect // a frame may still be on its way
    .poll(async () => {
      const before = frames.length;
      await page.waitForTimeout(1500);
      return frames.length - before;
    })
    .toBe(0);
  const before = frames.length;
  expect(before).toBeGreaterThan(0);
  expect(await csvRows(server)).toEqual([]);

  await page.getByRole("button", { name: "Resume" }).click();
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
  await expect(verdict(page)).toContainText("Happy");
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.getByAltText("The frame on which the video was paused")).toBeVisible();
  // The face moves, and a result or two may have come after the button was pressed: those are not shown.
  await expect
    .poll(async () => {
      const fitting = await Promise.all(results.slice(-3).map((result) => isDrawnMirrored(page, result)));
      return fitting.includes(true);
    })
    .toBe(true);

  const panel = page.getByRole("region", { name: "Correction" });
  await panel.getByRole("button", { name: "Wrong" }).click();
  await panel.getByRole("radio", { name: "Disgusted" }).check();
  await panel.getByRole("button", { name: "Submit correction" }).click();
  await expect(panel.getByRole("status")).toContainText("Stored as “Disgusted”");
  expect((await csvRows(server)).map(([label]) => label)).toEqual(["disgusted"]);
});

test("a server that is killed and comes back is found again", async ({ page, server }) => {
  await startCamera(page);
  await expect(state(page)).toHaveText("Live");
  await expect(verdict(page)).toContainText("Happy");
  await server.kill();
  await expect(state(page)).toContainText("Can't reach the server");
  await expect(verdict(page)).toContainText("Waiting for an answer");
  await page.waitForTimeout(2000);
  await server.start();
  await expect(state(page)).toHaveText("Live");
  await expect(verdict(page)).toContainText("Happy");
});

test("a server that stalls is said to be so, and nothing old is shown", async ({ page, server }) => {
  await startCamera(page);
  await expect(verdict(page)).toContainText("Happy");
  server.stall();
  await expect(state(page)).toHaveText("No answer from the server. Trying again…");
  await expect(verdict(page)).toHaveText("Waiting for an answer…");
  await expect(figures(page)).toHaveCount(0);
  await expect.poll(() => isDrawn(page, "No boxes")).toBe(false);
  await expect.poll(() => isDrawn(page, "Scores over the last 60 seconds")).toBe(true); // what was is known
  server.resume();
  await expect(state(page)).toHaveText("Live");
  await expect(verdict(page)).toContainText("Happy");
});

test("a socket that never opens gives way to HTTP, and no face is denied meanwhile", async ({ page }) => {
  await page.addInitScript(() => {
    class Silent extends EventTarget {
      readyState = 0;
      close() {
        this.readyState = 3;
      }
    }
    Object.assign(window, { WebSocket: Silent });
  });
  await startCamera(page);
  await expect(state(page)).toHaveText("Connecting…");
  await expect(verdict(page)).toHaveText("Waiting for an answer…");
  await expect(state(page)).toHaveText("Live, one frame at a time");
  await expect(verdict(page)).toContainText("Happy");
});

test("a server that takes no frames for now is not said to be away", async ({ page }) => {
  await page.routeWebSocket(/\/stream$/, (socket) => socket.close());
  await page.route("**/predict_expression*", (route) =>
    route.fulfill({ status: 429, json: { error: "later", code: "too_many_requests", retryable: true } }),
  );
  await startCamera(page);
  await expect(state(page)).toHaveText("The server isn't accepting frames right now. Trying again…");
  await expect(verdict(page)).toHaveText("Waiting for an answer…");
});

test("where the socket cannot be opened, pictures go over HTTP", async ({ page }) => {
  await page.routeWebSocket(/\/stream$/, (socket) => socket.close());
  await startCamera(page);
  await expect(state(page)).toHaveText("Live, one frame at a time");
  await expect(verdict(page)).toContainText("Happy");
  await expect(figures(page).first()).toHaveText(/^\d+ fps$/);
});

test("a still picture can be taken and is recognised", async ({ page }) => {
  await open(page, "/");
  await page.getByRole("button", { name: "Use camera" }).click();
  await page.getByRole("button", { name: "Take photo" }).click();
  await expect(page.getByRole("region", { name: "Result" }).getByText("Happy").first()).toBeVisible();
});

test("a camera that is refused says what to do", async ({ page, context }) => {
  await context.clearPermissions();
  await startCamera(page);
  await expect(page.getByRole("alert")).toContainText("Camera access is blocked");
});

test("the video of a server that stalls is fine on every screen", async ({ page, server }) => {
  test.slow();
  await startCamera(page);
  await expect(verdict(page)).toContainText("Happy");
  server.stall();
  await expect(state(page)).toHaveText("No answer from the server. Trying again…");
  await expectFine(page, "stalled");
});

test("the paused video is fine on every screen", async ({ page }) => {
  test.slow(); // axe looks at it six times, and the machine may be busy
  await startCamera(page);
  await expect(verdict(page)).toContainText("Happy"); // the figures take longer where the machine is busy
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.getByAltText("The frame on which the video was paused")).toBeVisible();
  await expectFine(page, "video");
  await expectInOneView(page, [
    verdict(page),
    page.getByRole("list", { name: "Score of each expression" }),
    page.getByRole("button", { name: "Resume" }),
    page.getByRole("button", { name: "Correct" }),
  ]);
});
