import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer, { type Browser, type ElementHandle, type Page } from "puppeteer-core";
import { AXE_RULES } from "./support/appearance.ts";
import { ASTRONAUT, FIREFOX, NO_FACE, TWO_FACES } from "./support/pictures.ts";
import { expect, screenshot, serverTest } from "./support/test.ts";

const PREFERENCES = {
  "intl.accept_languages": "en-GB",
  "media.navigator.permission.disabled": true, // the camera is not asked for…
  "media.navigator.streams.fake": true, // …and is a moving pattern without a face
  "ui.prefersReducedMotion": 1, // axe would measure colours that are under way
};

interface Fixtures {
  page: never; // Chromium's
  firefox: Page;
}

const test = serverTest.extend<Fixtures, { browser_: Browser }>({
  browser_: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from it which fixtures are wanted
    async ({}, use) => {
      const browser = await puppeteer.launch({
        browser: "firefox",
        executablePath: FIREFOX ?? "",
        headless: true,
        extraPrefsFirefox: PREFERENCES,
        defaultViewport: { width: 1280, height: 800 },
      });
      await use(browser);
      await browser.close();
    },
    { scope: "worker" },
  ],
  firefox: async ({ browser_, server }, use) => {
    const context = await browser_.createBrowserContext();
    const page = await context.newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    await page.evaluateOnNewDocument(() => {
      document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
        // biome-ignore lint/suspicious/noConsole: where the test listens
        console.error(`refused by ${violatedDirective}: ${blockedURI}`),
      );
    });
    page.setDefaultTimeout(60_000);
    await page.goto(server.url);
    await page.waitForFunction(() => document.title.includes(" · ")); // the app is drawn, and listens
    await use(page);
    expect(problems).toEqual([]);
    await context.close();
  },
});

interface Axe {
  source: string;
  run(
    where: Document,
    how: { runOnly: string[] },
  ): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}

const AXE: Axe = createRequire(createRequire(import.meta.url).resolve("@axe-core/playwright"))("axe-core");

/** Keeps a screenshot of the view, and axe finds nothing. */
async function expectFine(page: Page, view: string): Promise<void> {
  await page.screenshot({ path: screenshot(`firefox-${view}.png`) as `${string}.png` });
  await page.evaluate(AXE.source);
  const found = await page.evaluate(async (runOnly) => {
    const { violations } = await (window as unknown as { axe: Axe }).axe.run(document, { runOnly });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  }, AXE_RULES);
  expect(found, view).toEqual([]);
}

async function open(page: Page, fragment: string): Promise<void> {
  await page.evaluate((hash) => {
    window.location.hash = hash;
  }, fragment);
}

async function choose(page: Page, ...files: string[]): Promise<void> {
  const input = (await page.waitForSelector("input[type=file]")) as ElementHandle<HTMLInputElement>;
  await input.uploadFile(...files);
}

const seen = (page: Page, text: string) => page.waitForSelector(`::-p-text(${text})`, { visible: true });
const click = (page: Page, name: string) => page.locator(`::-p-aria([name="${name}"][role="button"])`).click();

test("a photo is recognised, corrected and taken back, and survives a reload", async ({ firefox: page }) => {
  await seen(page, "Drop photos here");
  await expectFine(page, "start");
  await choose(page, TWO_FACES);
  await seen(page, "Is “Happy” right?");
  await expectFine(page, "result");
  await click(page, "Correct");
  await seen(page, "Stored as “Happy”.");
  await page.reload();
  await seen(page, "Stored as “Happy”.");
  await open(page, "#/sent");
  await seen(page, "can be taken back until");
  await expectFine(page, "sent");
  await click(page, "Take back");
  await seen(page, "Taken back");
});

test("photos without a face, several photos and German", async ({ firefox: page }) => {
  await choose(page, NO_FACE);
  await seen(page, "No face detected");
  await expectFine(page, "noface");
  await open(page, "#/");
  await choose(page, ASTRONAUT, TWO_FACES);
  await seen(page, "3 of 3 done");
  await expectFine(page, "photos");
  await click(page, "Deutsch");
  await seen(page, "Eine Zeile je Foto");
  await expectFine(page, "german");
});

test("a file that is no use says why, and offers no useless second try", async ({ firefox: page }) => {
  const folder = await mkdtemp(join(tmpdir(), "fer-e2e-"));
  const photo = await readFile(ASTRONAUT);
  for (const [name, bytes, words] of [
    ["truncated.jpg", photo.subarray(0, photo.length / 2), "its end is missing"],
    ["IMG_1234.HEIC", Buffer.concat([Buffer.from("\0\0\0\x18ftypheic", "latin1"), Buffer.alloc(2000)]), "HEIC"],
    ["notes.jpg", Buffer.from("no photo"), "isn't a photo"],
  ] as const) {
    await writeFile(join(folder, name), bytes);
    await open(page, "#/");
    await choose(page, join(folder, name));
    await seen(page, words);
    await expectFine(page, `unopened-${name}`);
    expect(await page.$$eval("main button", (buttons) => buttons.map(({ textContent }) => textContent))).toEqual([]);
  }
  await rm(folder, { recursive: true });
});

test("the dashboard, empty and with a correction", async ({ firefox: page, server }) => {
  await open(page, "#/dashboard");
  await seen(page, "None yet");
  await expectFine(page, "dashboard-empty");
  const body = await readFile(ASTRONAUT);
  const headers = { "Content-Type": "image/jpeg" };
  await fetch(`${server.url}/save_expression_feedback?label=sad&predicted=happy`, { method: "POST", headers, body });
  await page.reload();
  await seen(page, "Predictions and corrections");
  await expectFine(page, "dashboard");
});

test("live video runs, says that there is no face, and stops", async ({ firefox: page }) => {
  await open(page, "#/live");
  await seen(page, "How live video works");
  await expectFine(page, "live");
  await click(page, "Start camera");
  await seen(page, "No face detected");
  await page.waitForFunction(() => document.querySelector("[data-state=socket]") !== null);
  await click(page, "Pause");
  await seen(page, "Paused");
  await expectFine(page, "live-paused");
  await click(page, "Stop");
  await seen(page, "How live video works");
});

test("the server's own dashboard", async ({ firefox: page, server }) => {
  await page.goto(`${server.url}/dashboard`);
  await seen(page, "Corrections per label");
  await expectFine(page, "server-dashboard");
});
