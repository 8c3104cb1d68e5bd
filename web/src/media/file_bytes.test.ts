import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isHeic, isTruncated } from "./file_bytes.ts";

const JPEG = new Uint8Array(readFileSync("../docs/images/astronaut.jpg"));
const PNG = Uint8Array.from(
  atob("iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAAAAAA6mKC9AAAAD0lEQVR42mNoQAMMI1sAAAUMgAHjM1mKAAAAAElFTkSuQmCC"),
  (char) => char.charCodeAt(0),
);
const bytes = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const THUMBNAIL = bytes("\xff\xe1\x00\x08ab\xff\xd9cd"); // an end marker inside a segment is not the picture's
const joined = (...parts: Uint8Array[]) => new Uint8Array(parts.flatMap((part) => [...part]));

test.each([
  ["a whole JPEG", JPEG, false],
  ["half a JPEG", JPEG.subarray(0, JPEG.length / 2), true],
  ["a JPEG without its end marker", JPEG.subarray(0, JPEG.length - 2), true],
  ["a JPEG with a video behind it", joined(JPEG, bytes("more")), false],
  ["half a JPEG whose thumbnail is whole", joined(JPEG.subarray(0, 2), THUMBNAIL, JPEG.subarray(2, 9000)), true],
  ["the head of a JPEG", JPEG.subarray(0, 3), true],
  ["a whole PNG", PNG, false],
  ["a PNG without its end", PNG.subarray(0, PNG.length - 12), true],
  ["a whole WebP", bytes("RIFF\x06\x00\x00\x00WEBPab"), false],
  ["half a WebP", bytes("RIFF\xff\x00\x00\x00WEBPab"), true],
  ["another format", bytes("GIF89a"), false],
  ["nothing", bytes(""), false],
])("%s", (_, content, truncated) => {
  expect(isTruncated(content)).toBe(truncated);
});

test.each([
  ["an iPhone's photo", "\0\0\0\x24ftypheic\0\0\0\0mif1MiHE", true],
  ["HEIF by its compatible brands", "\0\0\0\x24ftypmif1\0\0\0\0heic", true],
  ["AVIF", "\0\0\0\x1cftypavif\0\0\0\0avifmiaf", false],
  ["no container", "\xff\xd8\xff\xe0", false],
])("%s is told apart by its brands", (_, content, heic) => {
  expect(isHeic(bytes(content))).toBe(heic);
});
