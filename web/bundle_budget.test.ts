import { build } from "vite";
import { expect, test } from "vitest";
import { bundleBudget } from "./bundle_budget.ts";

const GENEROUS = 1024 * 1024;

function building(budget: Parameters<typeof bundleBudget>[0]) {
  return build({ configFile: false, logLevel: "silent", build: { write: false }, plugins: [bundleBudget(budget)] });
}

test("a first load that is too large fails the build", async () => {
  await expect(building({ firstLoadBytes: 10 * 1024, lazy: [] })).rejects.toThrow("10 allowed");
});

test("what should come later fails the build where it is in the first load", async () => {
  await expect(building({ firstLoadBytes: GENEROUS, lazy: ["src/features/capture"] })).rejects.toThrow(
    "src/features/capture/Capture.tsx",
  );
});

test("what is loaded later does not", async () => {
  await expect(building({ firstLoadBytes: GENEROUS, lazy: ["src/features/dashboard"] })).resolves.toBeDefined();
});
