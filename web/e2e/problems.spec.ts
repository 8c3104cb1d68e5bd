import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ASTRONAUT } from "./support/pictures.ts";
import { choose, expect, expectFocusKept, open, type Page, test } from "./support/test.ts";

const result = (page: Page) => page.getByRole("region", { name: "Result" });

async function chooseBytes(page: Page, name: string, buffer: Buffer): Promise<void> {
  await page.getByLabel("Photo files").setInputFiles({ name, mimeType: "image/jpeg", buffer });
}

test("a server that does not answer can be given up, and asked again", async ({ page, server }) => {
  await open(page, "/");
  server.stall();
  await choose(page, ASTRONAUT);
  await expect(page.getByText("Still waiting for an answer").last()).toBeVisible();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(result(page).getByText("Cancelled.").last()).toBeVisible();
  await expectFocusKept(page);
  server.resume();
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(result(page).getByText("Happy").first()).toBeVisible();
});

test("waiting has an end of its own", async ({ page }) => {
  await page.clock.install();
  await open(page, "/");
  await page.route("**/predict_expression*", () => undefined); // for ever
  const asked = page.waitForRequest("**/predict_expression*");
  await choose(page, ASTRONAUT);
  await asked;
  await page.clock.fastForward(61_000);
  await expect(page.getByRole("alert")).toContainText("No answer after 60 seconds");
  await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
});

test("on a slow network the answer comes all the same", async ({ page, context }) => {
  await open(page, "/");
  const session = await context.newCDPSession(page);
  await session.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 400,
    downloadThroughput: 50_000,
    uploadThroughput: 20_000,
  });
  // Looked for within the page, frame by frame: it is there for a few seconds only.
  const offered = page.waitForFunction(() =>
    [...document.querySelectorAll("button")].some(({ textContent }) => textContent === "Cancel"),
  );
  await choose(page, ASTRONAUT);
  await offered;
  await expect(result(page).getByText("Happy").first()).toBeVisible();
});

test("without a network the page says so, of a photo and of a sample", async ({ page, context }) => {
  await open(page, "/");
  await expect(page.getByText("Drop photos here")).toBeVisible();
  await context.setOffline(true);
  await page.getByRole("button", { name: "Group" }).click();
  await expect(page.getByRole("alert")).toContainText("You're offline");
  await choose(page, ASTRONAUT);
  await expect(result(page).getByRole("alert")).toContainText("You're offline"); // not the sample's alert
  await context.setOffline(false);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(result(page).getByText("Happy").first()).toBeVisible();
});

test("a sample that a stalled server does not send is waited for, but not for ever", async ({ page, server }) => {
  await open(page, "/");
  await page.waitForFunction(() => [...document.images].every(({ complete }) => complete));
  await page.clock.install();
  server.stall();
  await page.getByRole("button", { name: "Group" }).click();
  await expect(page.getByRole("main").getByRole("status")).toHaveText("Loading…");
  await page.clock.fastForward(16_000);
  await expect(page.getByRole("alert")).toContainText("No answer after 15 seconds");
});

test("a file that is too large is not even read", async ({ page }) => {
  await open(page, "/");
  const large = join(await mkdtemp(join(tmpdir(), "fer-e2e-")), "large.jpg");
  try {
    await writeFile(large, "");
    await truncate(large, 64 * 1024 * 1024 + 1);
    await choose(page, large);
    await expect(page.getByRole("alert")).toContainText("too large. The limit is 64 MB");
  } finally {
    await rm(dirname(large), { recursive: true });
  }
});

test("each file that is no use says why, and offers no useless second try", async ({ page }) => {
  const photo = await readFile(ASTRONAUT);
  const heic = Buffer.concat([Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1"), Buffer.alloc(2000)]);
  for (const [name, bytes, words] of [
    ["truncated.jpg", photo.subarray(0, photo.length / 2), "its end is missing"],
    ["IMG_1234.HEIC", heic, "HEIC"],
    ["empty.jpg", Buffer.alloc(0), "empty"],
  ] as const) {
    await open(page, "/");
    await chooseBytes(page, name, bytes);
    await expect(page.getByRole("alert")).toContainText(words);
    await expect(page.getByRole("alert")).toBeInViewport();
    await expect(page.getByRole("heading", { name })).toBeVisible();
    await expect(page.getByRole("button", { name: "Try again" })).toHaveCount(0);
  }
});

test("a view whose code did not come can be asked for again", async ({ page }) => {
  await open(page, "/");
  await page.route("**/LivePage-*.js", (route) => route.abort());
  await page.getByRole("link", { name: "Live" }).click();
  await expect(page.getByRole("alert")).toContainText("Can't load this page");
  await page.unroute("**/LivePage-*.js");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("heading", { name: "How live video works" })).toBeVisible();
});

test("a view whose code does not come is not waited for for ever, and opens once it is there", async ({
  page,
  server,
}) => {
  await open(page, "/");
  await page.clock.install();
  server.stall();
  await page.getByRole("link", { name: "Live" }).click();
  await expect(page.getByText("Loading…")).toBeVisible();
  await page.clock.fastForward(21_000);
  await expect(page.getByRole("alert")).toContainText("Can't load this page");
  server.resume();
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("heading", { name: "How live video works" })).toBeVisible();
});

test.describe("where the browser blocks storage", () => {
  test.beforeEach(({ page }) =>
    page.addInitScript(() => {
      for (const name of ["sessionStorage", "localStorage"]) {
        Object.defineProperty(window, name, {
          get: () => {
            throw new DOMException("", "SecurityError");
          },
        });
      }
    }),
  );

  test("everything works, and the page says what is not kept", async ({ page }) => {
    await open(page, "/");
    await choose(page, ASTRONAUT);
    await expect(result(page).getByText("Happy").first()).toBeVisible();
    await expect(page.getByText("This browser blocks storage")).toBeVisible();
    await page.getByRole("button", { name: "Correct" }).click();
    await page.getByRole("region", { name: "Correction" }).getByRole("link", { name: "Your corrections" }).click();
    await expect(page.getByText("this list will be lost on reload")).toBeVisible();
    await page.getByRole("link", { name: "Dashboard" }).click();
    await expect(page.getByRole("table", { name: "Corrections per label" })).toBeVisible();
  });
});

test("a refused camera says so where one looks", async ({ page }) => {
  await page.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "NotAllowedError"));
  });
  for (const viewport of [
    { width: 1280, height: 800 },
    { width: 390, height: 844 },
  ]) {
    await page.setViewportSize(viewport);
    await open(page, "/");
    await page.getByRole("button", { name: "Use camera" }).click();
    await expect(page.getByRole("alert")).toContainText("Camera access is blocked");
    await expect(page.getByRole("alert")).toBeInViewport({ ratio: 1 });
    await expectFocusKept(page);
    await page.getByRole("button", { name: "Back" }).click();
  }
});
