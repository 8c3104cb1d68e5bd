import { expect, test } from "vitest";
import { EXPRESSIONS, LABELS, nameOf, percent } from "./expressions.ts";

test.each([
  [0, "0 %"],
  [0.0001, "< 1 %"],
  [0.005, "1 %"],
  [0.5, "50 %"],
  [0.994, "99 %"],
  [0.998, "> 99 %"],
  [1, "100 %"],
])("a share of %d reads %s", (share, words) => {
  expect(percent(share)).toBe(words);
});

test("there are seven expressions, and none of these; each has a name of its own", () => {
  expect(EXPRESSIONS).toHaveLength(7);
  expect(LABELS).toHaveLength(8);
  expect(new Set(LABELS.map(nameOf)).size).toBe(8);
});
