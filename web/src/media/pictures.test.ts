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

test.each([
  ["nothing", new Blob([]), "empty"],
  [
    "half a JPEG",
    new Blob([new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0])], { type: "image/jpeg" }),
    "truncated",
  ],
  ["a HEIC photo", new Blob(["\0\0\0\x18ftypheic\0\0\0\0mif1heic"]), "heic"], // no createImageBitmap here: as where it refuses
  ["a text", new Blob(["Dear diary"]), "not_a_picture"],
  [
    "a file that was moved away",
    { size: 9, arrayBuffer: () => Promise.reject(new DOMException("", "NotReadableError")) } as unknown as Blob,
    "unreadable",
  ],
])("%s says what it is", async (_, file, problem) => {
  await expect(preparePicture(file, "photo.jpg")).rejects.toMatchObject({ problem });
});
