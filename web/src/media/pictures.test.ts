import { expect, test } from "vitest";
import { fitted, PictureError, preparePicture } from "./pictures.ts";

test.each([
  ["small stays", [640, 480], [640, 480]],
  ["exactly the limit stays", [1280, 1], [1280, 1]],
  ["wide", [4000, 3000], [1280, 960]],
  ["tall", [3000, 4000], [960, 1280]],
  ["a line keeps a pixel", [100_000, 2], [1280, 1]],
] as const)("%s", (_, size, expected) => {
  expect(fitted(size, 1280)).toEqual(expected);
});

test("a file that is too large is refused before it is opened", async () => {
  const huge = { size: 65 * 1024 * 1024, type: "image/jpeg" } as Blob;
  const error = await preparePicture(huge, "huge.jpg").catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(PictureError);
  expect(error).toMatchObject({ problem: "too_large" });
});
