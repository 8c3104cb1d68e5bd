import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { face } from "../testing/faces.ts";
import { COLOURS, EXPRESSIONS, isUnsure, LABELS, ranked } from "./expressions.ts";

test("there are seven expressions, and none of these; each has a colour of its own", () => {
  expect(EXPRESSIONS).toHaveLength(7);
  expect(LABELS).toHaveLength(8);
  expect(new Set(LABELS.map((label) => COLOURS[label])).size).toBe(8);
});

test.each(LABELS)("the colour of %s stands out on light and dark, and carries dark text", (label) => {
  for (const ground of ["#fffefb", "#191f1d"]) expect(contrast(COLOURS[label], ground)).toBeGreaterThanOrEqual(3);
  expect(contrast(COLOURS[label], "#0b0f0e")).toBeGreaterThanOrEqual(4.5);
});

test("the colours are those of the contract", () => {
  const contract = readFileSync(resolve(import.meta.dirname, "../../../docs/openapi.yaml"), "utf8");
  const stated = Object.fromEntries(
    [...contract.matchAll(/(\w+) (#[0-9a-f]{6})\b/g)].map(([, label, colour]) => [label, colour]),
  );
  for (const expression of EXPRESSIONS) expect(COLOURS[expression]).toBe(stated[expression]);
});

/** WCAG 2.2, contrast ratio. */
function contrast(...colours: [string, string]): number {
  const [darker = 0, lighter = 0] = colours.map(luminance).sort((one, other) => one - other);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test("below one half a label is more likely wrong than right", () => {
  expect([0.49, 0.5, 0.51].map((confidence) => isUnsure({ confidence }))).toEqual([true, false, false]);
});

test("the highest score comes first, equal ones in the usual order", () => {
  expect(ranked(face()).slice(0, 4)).toEqual(["happy", "surprised", "neutral", "sad"]);
});
