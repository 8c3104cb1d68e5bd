import { expect, test } from "vitest";
import { face } from "../testing/faces.ts";
import type { Entry } from "./desk.ts";
import { photosCsv } from "./photos_csv.ts";

const entry = (name: string, outcome: Entry["outcome"]): Entry => ({
  id: 1,
  name,
  picture: null,
  outcome,
  selected: 0,
  corrections: null,
  kept: "kept",
});
const done = (...faces: ReturnType<typeof face>[]): Entry["outcome"] => ({
  status: "done",
  prediction: { faces, image_size: [9, 9], model_version: "test" },
});
const HEADER = "photo,face,x,y,width,height,expression,confidence,happy,surprised,neutral,sad,fear,disgusted,angry\n";

test("a row per face, from left to right, and one for a photo without a face", () => {
  const entries = [
    entry("two.jpg", done(face({ box: [50, 1, 9, 9] }), face({ box: [0, 1, 9, 9], confidence: 0.4 }))),
    entry("none.jpg", done()),
    entry("waiting.jpg", { status: "waiting" }),
  ];
  expect(photosCsv(entries)).toBe(
    `${HEADER}two.jpg,1,0,1,9,9,happy,0.4,0.9,0.1,0,0,0,0,0\ntwo.jpg,2,50,1,9,9,happy,0.9,0.9,0.1,0,0,0,0,0\nnone.jpg,,,,,,,,,,,,,,\n`,
  );
});

test.each([
  ['a "b", c.jpg', '"a ""b"", c.jpg"'],
  ["=cmd().jpg", "'=cmd().jpg"],
])("the name %s is one harmless field", (name, expected) => {
  expect(photosCsv([entry(name, done())])).toBe(`${HEADER}${expected},,,,,,,,,,,,,,\n`);
});

test("no photos, only the header", () => {
  expect(photosCsv([])).toBe(HEADER);
});
