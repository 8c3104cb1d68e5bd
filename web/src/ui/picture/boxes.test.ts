import { expect, test } from "vitest";
import { boxAt } from "./boxes.ts";

const BOXES = [
  { key: 1, box: [0, 0, 100, 100], number: "1", caption: "", colour: "" },
  { key: 2, box: [40, 40, 20, 20], number: "2", caption: "", colour: "" },
];

test.each([
  ["the one that is there", 10, 10, 1],
  ["the smaller of two", 50, 50, 2],
  ["an edge counts", 100, 100, 1],
  ["none", 101, 50, null],
])("%s", (_, x, y, key) => {
  expect(boxAt(BOXES, x, y)).toBe(key);
});

test("no boxes, none hit", () => {
  expect(boxAt([], 0, 0)).toBeNull();
});
