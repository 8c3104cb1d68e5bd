import { expect, test } from "vitest";
import { overlap, type PlacedBox, platesFor } from "./plates.ts";

const WIDE = [1200, 1000] as const;
const widthOf = (text: string) => text.length * 7;

function box(index: number, at: readonly number[], rank = 0): PlacedBox {
  return { at, number: String(index + 1), caption: `${index + 1} · Happy 90%`, colour: "", rank };
}

/** In rows of ten. */
function crowd(count: number, side: number, step: number, ranks: Record<number, number> = {}): PlacedBox[] {
  return Array.from({ length: count }, (_, index) =>
    box(index, [(index % 10) * step, Math.floor(index / 10) * (side + 30), side, side], ranks[index]),
  );
}

const texts = (boxes: readonly PlacedBox[], size: readonly [number, number] = WIDE) =>
  platesFor(boxes, size, widthOf).map(({ text }) => text);

test("a few faces with room between them have their captions", () => {
  expect(texts(crowd(3, 100, 300))).toEqual(["1 · Happy 90%", "2 · Happy 90%", "3 · Happy 90%"]);
  expect(texts([])).toEqual([]);
});

test("a single face whose caption is all there is has no number", () => {
  expect(texts([{ ...box(0, [0, 0, 9, 9]), number: "", caption: "Happy 90%" }])).toEqual(["Happy 90%"]);
});

test("where captions would cover each other there are numbers, and captions for what is pointed at or selected", () => {
  expect(texts(crowd(3, 60, 70))).toEqual(["1", "2", "3"]);
  expect(texts(crowd(3, 60, 70, { 0: 1 }))).toEqual(["2", "3", "1 · Happy 90%"]);
  expect(texts(crowd(6, 60, 70, { 0: 1, 4: 2 })).slice(-2)).toEqual(["1 · Happy 90%", "5 · Happy 90%"]);
});

test("a number for which there is no room below its box is above it", () => {
  const boxes = [box(0, [100, 100, 60, 60], 1), box(1, [180, 100, 60, 60])];
  expect(platesFor(boxes, WIDE, widthOf).map(({ text, top }) => [text, top])).toEqual([
    ["2", 100 - 5 - 23],
    ["1 · Happy 90%", 165],
  ]);
});

test("thirty faces have numbers even where there is room for captions", () => {
  const plates = texts(crowd(30, 20, 120, { 7: 1 }));
  expect(plates).toContain("30");
  expect(plates.filter((text) => text.includes("Happy"))).toEqual(["8 · Happy 90%"]);
});

test("nothing covers anything, however close the faces are, and the larger ones keep their numbers", () => {
  const boxes = [...crowd(30, 12, 14, { 2: 1 }), box(30, [40, 0, 60, 60])];
  const plates = platesFor(boxes, [200, 150], widthOf);
  for (const [index, one] of plates.entries())
    for (const other of plates.slice(index + 1)) expect(overlap(one, other), `${one.text}, ${other.text}`).toBe(false);
  expect(plates.map(({ text }) => text)).toContain("31");
  expect(plates.length).toBeLessThan(boxes.length);
});

test.each([
  ["next to each other", { left: 0, top: 0, width: 50 }, { left: 50, top: 0, width: 50 }, false],
  ["one over the other", { left: 0, top: 0, width: 50 }, { left: 0, top: 23, width: 50 }, false],
  ["partly", { left: 0, top: 0, width: 50 }, { left: 49, top: 22, width: 50 }, true],
])("captions %s", (_, one, other, expected) => {
  expect(overlap(one, other)).toBe(expected);
});
