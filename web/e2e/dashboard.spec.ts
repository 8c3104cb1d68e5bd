import { readFile } from "node:fs/promises";
import { ASTRONAUT } from "./support/pictures.ts";
import type { Server } from "./support/server.ts";
import { expect, open, test } from "./support/test.ts";

async function correct(server: Server, label: string, predicted?: string): Promise<void> {
  const query = new URLSearchParams({ label, ...(predicted && { predicted }) });
  const response = await fetch(`${server.url}/save_expression_feedback?${query}`, {
    method: "POST",
    headers: { "Content-Type": "image/jpeg" },
    body: await readFile(ASTRONAUT),
  });
  expect(response.status).toBe(200);
}

test("an empty bucket has a dashboard too", async ({ page }) => {
  await open(page, "/#/dashboard");
  await expect(page.getByText("None yet")).toBeVisible();
  await expect(page.getByText("Nothing to download yet")).toBeVisible();
});

test("counts, shares and the last correction are shown, and grow by themselves", async ({ page, server }) => {
  for (const label of ["happy", "happy", "happy", "nan"]) await correct(server, label);
  await open(page, "/#/dashboard");
  await expect(page.getByRole("row", { name: "Happy 3 75%" })).toBeVisible();
  await expect(page.getByRole("row", { name: "None of these 1 25%" })).toBeVisible();
  await expect(page.locator("time")).toBeVisible();
  await correct(server, "sad");
  await expect(page.getByRole("row", { name: "Sad 1 20%" })).toBeVisible();
});

test("the server's own page says the same, in the same order, words and colours", async ({ page, server }) => {
  // biome-ignore lint/performance/useDomNodeTextContent: what is seen, not what the markup holds
  const text = () => page.evaluate(() => document.querySelector("main")?.innerText ?? "");
  const said = async () => (await text()).split(/\s*\n\s*|\t/).filter(Boolean);
  // Bars of labels without a correction are as wide as nothing, but have their colour.
  const colours = () =>
    page
      .getByRole("table", { name: "Corrections per label" })
      .locator("[style*=background]")
      .evaluateAll((bars) => bars.map((bar) => getComputedStyle(bar).backgroundColor));
  const expectSame = async () => {
    await page.goto("/dashboard");
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    const plain = await said();
    const plainColours = await colours();
    await open(page, "/#/dashboard");
    await expect.poll(said).toEqual(plain);
    expect(new Set(plainColours).size).toBe(8);
    expect(await colours()).toEqual(plainColours);
    return plain.join(" ");
  };
  expect(await expectSame()).toContain("Nothing to download yet");
  for (const label of ["happy", "sad", "nan"]) await correct(server, label, "happy");
  const full = await expectSame();
  for (const part of ["2 of 3", "Corrections per week", "Predictions and corrections", "keep_default_na=False"])
    expect(full).toContain(part);
});

test("the dashboard's code is loaded with the dashboard only", async ({ page }) => {
  const scripts: string[] = [];
  page.on("request", (request) => request.resourceType() === "script" && scripts.push(request.url()));
  await open(page, "/");
  await expect(page.getByText("Drop photos here")).toBeVisible();
  expect(scripts.filter((url) => url.includes("Dashboard"))).toEqual([]);
  await page.getByRole("link", { name: "Dashboard" }).click();
  await expect(page.getByRole("table")).toBeVisible();
  expect(scripts.filter((url) => url.includes("Dashboard"))).toHaveLength(1);
});

test.describe("where the server wants a token", () => {
  test.use({ settings: { FER_EXPORT_TOKEN: "open-sesame" } });

  test("it is asked for, a wrong one is refused, and the right one opens the numbers and the file", async ({
    page,
    server,
  }) => {
    await correct(server, "angry");
    await open(page, "/#/dashboard");
    await page.getByLabel("Access token").fill("wrong");
    await page.getByLabel("Access token").press("Enter");
    await expect(page.getByRole("alert")).toContainText("didn't accept this token");
    await expect(page.getByLabel("Access token")).toBeFocused();
    await page.getByLabel("Access token").press("Enter");
    await expect(page.getByRole("alert")).toContainText("either (2 tries so far)");
    await page.getByLabel("Access token").fill("open-sesame");
    await page.getByRole("button", { name: "Show corrections" }).click();
    await expect(page.getByRole("row", { name: "Angry 1 100%" })).toBeVisible();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download CSV" }).click(),
    ]);
    expect(await readFile(await download.path(), "utf8")).toMatch(/^label,.*\nangry,/);
    await page.reload();
    await expect(page.getByRole("row", { name: "Angry 1 100%" })).toBeVisible();
  });
});
