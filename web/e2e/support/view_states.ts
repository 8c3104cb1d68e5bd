import { readFile } from "node:fs/promises";
import { ASTRONAUT, CROWD, NO_FACE, TWO_FACES } from "./pictures.ts";
import type { Server } from "./server.ts";
import { choose, expect, open, type Page } from "./test.ts";

async function giveCorrections(server: Server): Promise<void> {
  const body = await readFile(ASTRONAUT);
  for (const label of "happy happy happy happy neutral neutral surprised sad sad angry nan".split(" ")) {
    await fetch(`${server.url}/save_expression_feedback?label=${label}&predicted=happy&model_version=residual-1`, {
      method: "POST",
      body,
      headers: { "Content-Type": "image/jpeg" },
    });
  }
}

/** How to reach each state of each view that needs no camera. */
export const VIEW_STATES: Record<string, (page: Page, server: Server) => Promise<void>> = {
  picture: async (page) => {
    await open(page, "/");
    await expect(page.getByText("Drop photos here")).toBeVisible();
  },
  yours: async (page) => {
    await open(page, "/");
    await choose(page, [ASTRONAUT, TWO_FACES]);
    await expect(page.getByText("2 of 2 done")).toBeVisible();
    await open(page, "/#/");
    await expect(page.getByRole("region", { name: "Your photos" })).toBeVisible();
  },
  waiting: async (page) => {
    await page.route("**/predict_expression*", () => undefined); // for ever
    await open(page, "/");
    await choose(page, ASTRONAUT);
    await expect(page.getByText("Still waiting for an answer").last()).toBeVisible();
  },
  cancelled: async (page) => {
    await page.route("**/predict_expression*", () => undefined);
    await open(page, "/");
    await choose(page, ASTRONAUT);
    await page.getByRole("button", { name: "Cancel" }).click();
    await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
  },
  refused: async (page) => {
    await page.addInitScript(() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "NotAllowedError"));
    });
    await open(page, "/");
    await page.getByRole("button", { name: "Use camera" }).click();
    await expect(page.getByRole("alert")).toContainText("Camera access is blocked");
  },
  result: async (page) => {
    await open(page, "/");
    await choose(page, TWO_FACES);
    await expect(page.getByRole("radio", { name: /^Face 2:/ })).toBeVisible();
    await page.getByRole("button", { name: "Wrong" }).click();
    await page.getByRole("radio", { name: "Surprised", exact: true }).check();
  },
  question: async (page) => {
    await open(page, "/");
    await choose(page, ASTRONAUT);
    await expect(page.getByRole("button", { name: "Correct" })).toBeVisible();
  },
  noface: async (page) => {
    await open(page, "/");
    await choose(page, NO_FACE);
    await expect(page.getByText("A face needs to be")).toBeVisible();
  },
  crowd: async (page) => {
    await open(page, "/");
    await choose(page, CROWD);
    await expect(page.getByRole("radio", { name: /^Face 9:/ })).toBeVisible();
  },
  photos: async (page) => {
    await open(page, "/");
    await choose(page, [ASTRONAUT, TWO_FACES, NO_FACE]);
    await expect(page.getByText("3 of 3 done")).toBeVisible();
  },
  stopped: async (page) => {
    await page.route("**/predict_expression*", () => undefined);
    await open(page, "/");
    await choose(page, [ASTRONAUT, TWO_FACES]);
    await page.getByRole("button", { name: "Cancel" }).click();
    await expect(page.getByText("0 of 2 done")).toBeVisible();
  },
  unsure: async (page) => {
    await page.route("**/predict_expression*", async (route) => {
      const answer = await (await route.fetch()).json();
      for (const face of answer.faces) {
        face.scores = { angry: 0.1, disgusted: 0.1, fear: 0.1, happy: 0.05, sad: 0.35, surprised: 0.05, neutral: 0.25 };
        Object.assign(face, { expression: "sad", confidence: 0.35 });
      }
      await route.fulfill({ json: answer });
    });
    await open(page, "/");
    await choose(page, ASTRONAUT);
    await expect(page.getByRole("region", { name: "Result" })).toContainText("Not sure Sad or Neutral?");
  },
  german: async (page) => {
    await open(page, "/");
    await page.getByRole("button", { name: "Deutsch" }).click();
    await choose(page, ASTRONAUT, "Fotodateien");
    await expect(page.getByRole("region", { name: "Ergebnis" })).toContainText("Fröhlich");
  },
  problem: async (page) => {
    await page.route("**/predict_expression*", (route) => route.abort());
    await open(page, "/");
    await choose(page, ASTRONAUT);
    await expect(page.getByRole("alert")).toBeVisible();
  },
  live: async (page) => {
    await open(page, "/#/live");
    await expect(page.getByRole("heading", { name: "How live video works" })).toBeVisible();
  },
  nothing: async (page) => {
    await open(page, "/#/dashboard");
    await expect(page.getByText("Nothing to download yet")).toBeVisible();
  },
  dashboard: async (page, server) => {
    await giveCorrections(server);
    await open(page, "/#/dashboard");
    await expect(page.getByRole("row", { name: "Happy 4 36%" })).toBeVisible();
  },
  germandashboard: async (page, server) => {
    await giveCorrections(server);
    await open(page, "/#/dashboard");
    await page.getByRole("button", { name: "Deutsch" }).click();
    await expect(page.getByRole("row", { name: "Fröhlich 4 36 %" })).toBeVisible();
  },
  plaindashboard: async (page, server) => {
    await giveCorrections(server);
    await page.goto("/dashboard");
    await expect(page.getByRole("row", { name: "Happy 4 36%" })).toBeVisible();
  },
  unopened: async (page) => {
    await open(page, "/");
    await page
      .getByLabel("Photo files")
      .setInputFiles({ name: "notes.jpg", mimeType: "image/jpeg", buffer: Buffer.of(1) });
    await expect(page.getByRole("alert")).toBeVisible();
  },
  undone: async (page) => {
    await open(page, "/");
    await choose(page, ASTRONAUT);
    await page.getByRole("button", { name: "Correct" }).click();
    await page.getByRole("button", { name: "Undo" }).click();
    await expect(page.getByText("Taken back").first()).toBeVisible();
  },
  nonesent: async (page) => {
    await open(page, "/#/sent");
    await expect(page.getByText("You haven't submitted a correction")).toBeVisible();
  },
  sent: async (page) => {
    await open(page, "/");
    await choose(page, ASTRONAUT);
    await page.getByRole("button", { name: "Correct" }).click();
    // Not the link at the foot of the page: it would be followed before the correction is stored.
    await page.getByRole("region", { name: "Correction" }).getByRole("link", { name: "Your corrections" }).click();
    await expect(page.getByRole("button", { name: "Take back" })).toBeVisible();
  },
  stored: async (page) => {
    await open(page, "/");
    await choose(page, ASTRONAUT);
    await page.getByRole("button", { name: "Correct" }).click();
    await expect(page.getByRole("button", { name: "Undo" })).toBeVisible();
  },
  token: async (page) => {
    for (const path of ["stats", "models"]) {
      await page.route(`**/${path}`, (route) =>
        route.fulfill({ status: 401, json: { error: "token", code: "unauthorised", retryable: false } }),
      );
    }
    await open(page, "/#/dashboard");
    await page.getByLabel("Access token").fill("wrong");
    await page.getByLabel("Access token").press("Enter");
    await expect(page.getByRole("alert")).toBeVisible();
  },
};
