import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test as base, expect, type Locator, type Page } from "@playwright/test";
import { Server } from "./server.ts";

export { expect, type Locator, type Page };

interface Fixtures {
  /** Settings of the server beside its bucket; `test.use` changes them, and starts a server for that test alone. */
  settings: Record<string, string>;
  /** A server with an empty bucket. */
  server: Server;
}

interface WorkerFixtures {
  /** Starting a server takes a second or two, so tests without settings of their own share it one after the other. */
  sharedServer: Server;
}

interface PageFixtures {
  /** What the page's security policy refused and which errors it threw; a test fails if there are any. */
  refused: string[];
}

export const serverTest = base.extend<Fixtures, WorkerFixtures>({
  settings: [{}, { option: true }],
  sharedServer: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from it which fixtures are wanted
    async ({}, use) => withServer({}, use),
    { scope: "worker" },
  ],
  server: async ({ settings, sharedServer }, use) => {
    if (Object.keys(settings).length > 0) return withServer(settings, use);
    await sharedServer.renew();
    await use(sharedServer);
  },
  baseURL: async ({ server }, use) => use(server.url),
});

async function withServer(settings: Record<string, string>, use: (server: Server) => Promise<void>): Promise<void> {
  const bucket = await mkdtemp(join(tmpdir(), "fer-e2e-"));
  const server = await Server.create(bucket, settings);
  try {
    await use(server);
  } finally {
    await server.kill();
    await rm(bucket, { recursive: true, force: true });
  }
}

export const test = serverTest.extend<PageFixtures>({
  refused: [
    async ({ page }, use) => {
      const refused: string[] = [];
      page.on("console", (message) => {
        if (message.text().includes("Content Security Policy")) refused.push(message.text());
      });
      page.on("pageerror", (error) => refused.push(String(error)));
      await use(refused);
      expect(refused).toEqual([]);
    },
    { auto: true },
  ],
});

export function screenshot(name: string): string {
  return resolve(import.meta.dirname, "../test-results/screenshots", name);
}

/**
 * Go to a view of the app and wait until it listens: it is drawn after the load event, as its words may have to be
 * fetched first, and its title is set by the effects that also listen for drops, pastes and the focus.
 */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expect(page).toHaveTitle(/ · /);
}

/** Rows of the CSV: each its label and its pixels. */
export async function csvRows(server: Server, headers: Record<string, string> = {}): Promise<string[][]> {
  const response = await fetch(`${server.url}/download_expression_csv`, { headers });
  if (response.status === 404) return [];
  const [header, ...rows] = (await response.text()).trimEnd().split("\n");
  expect(header).toMatch(/^label,pixel0,.*,pixel2303$/);
  return rows.map((row) => row.split(","));
}

export async function choose(page: Page, file: string | string[], name = "Photo files"): Promise<void> {
  await page.getByLabel(name).setInputFiles(file);
}

/** Drop files on the page as a person does. */
export async function drop(page: Page, files: { name: string; type: string; bytes: Uint8Array }[]): Promise<void> {
  const data = await page.evaluateHandle(
    (given) => {
      const transfer = new DataTransfer();
      for (const { name, type, bytes } of given) transfer.items.add(new File([new Uint8Array(bytes)], name, { type }));
      return transfer;
    },
    files.map((file) => ({ ...file, bytes: [...file.bytes] })),
  );
  await page.dispatchEvent("main", "dragover", { dataTransfer: data });
  await page.dispatchEvent("main", "drop", { dataTransfer: data });
}

/** Check that the focus was not lost, which would give it to `body`. */
export async function expectFocusKept(page: Page): Promise<void> {
  await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).not.toBe("BODY");
}

/** Whether the overlay's canvas shows something at a point of the picture, given as shares of its sides. */
export async function isDrawnAt(page: Page, x: number, y: number): Promise<boolean> {
  return page
    .locator("canvas")
    .first()
    .evaluate(
      (canvas: HTMLCanvasElement, [left, top]) => {
        const context = canvas.getContext("2d");
        const pixels = context?.getImageData(
          Math.round(left * canvas.width) - 4,
          Math.round(top * canvas.height) - 4,
          8,
          8,
        ).data;
        return pixels?.some((value, index) => index % 4 === 3 && value > 200) ?? false;
      },
      [x, y] as const,
    );
}
