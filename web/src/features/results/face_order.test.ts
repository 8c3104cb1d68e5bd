import { expect, test } from "vitest";
import { face } from "../../testing/faces.ts";
import { boxesOf, leftToRight } from "./face_order.ts";

test("numbers run from left to right, keys stay the server's order", () => {
  const faces = [face({ box: [200, 0, 90, 90] }), face({ box: [0, 50, 40, 40] }), face({ box: [100, 9, 20, 20] })];
  expect(leftToRight(faces).map(({ key, number }) => [number, key])).toEqual([
    [1, 1],
    [2, 2],
    [3, 0],
  ]);
  expect(leftToRight([])).toEqual([]);
});

test("faces below each other are numbered from top to bottom, however they sway", () => {
  const at = (x: number, y: number) => face({ box: [x, y, 40, 40] });
  const faces = [at(103, 200), at(100, 100), at(0, 100), at(106, 0), at(4, 0), at(300, 0)];
  expect(leftToRight(faces).map(({ key }) => key)).toEqual([4, 2, 3, 1, 0, 5]);
});

test("a single face needs no number, an unsure one no label", () => {
  expect(boxesOf(leftToRight([face()])).map(({ number, caption }) => [number, caption])).toEqual([["", "Happy 90%"]]);
  const [first, second] = boxesOf(leftToRight([face(), face({ box: [500, 0, 9, 9], confidence: 0.49 })]));
  expect(first).toMatchObject({ number: "1", caption: "1 · Happy 90%" });
  expect(second).toMatchObject({ number: "2", caption: "2 · Not sure" });
  expect(first?.colour).not.toBe(second?.colour);
});
