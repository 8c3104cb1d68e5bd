import { isHeic, isTruncated } from "./file_bytes.ts";

/** Pictures are sent with at most this many pixels on the longer side. */
export const LONGEST_SIDE_PX = 1280;
const LARGEST_FILE_BYTES = 64 * 1024 * 1024;
const SENT_AS_THEY_ARE = ["image/jpeg", "image/png", "image/webp"];
const LARGEST_SENT_AS_IT_IS_BYTES = 1_500_000; // the most that every browser's session storage is sure to hold
const JPEG_QUALITY = 0.92;

export type Size = readonly [width: number, height: number];

export interface Picture {
  /** JPEG, PNG or WebP; what is shown and what is sent. */
  blob: Blob;
  name: string;
  /** In pixels, upright. */
  size: Size;
}

export type PictureProblem = "not_a_picture" | "heic" | "truncated" | "too_large" | "unreadable" | "empty";

export class PictureError extends Error {
  readonly problem: PictureProblem;

  constructor(problem: PictureProblem, cause?: unknown) {
    super(problem, { cause });
    this.problem = problem;
  }
}

/** The size with its longer side at most `longestSide_px`, never enlarged, at least one pixel. */
export function fitted([width, height]: Size, longestSide_px: number): Size {
  const scale = Math.min(1, longestSide_px / Math.max(width, height));
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

/**
 * A file as a picture to send: upright (EXIF orientation applied) and scaled down where it is large. A picture that is
 * already small keeps its bytes. Raises PictureError.
 */
export async function preparePicture(file: Blob, name: string): Promise<Picture> {
  if (file.size > LARGEST_FILE_BYTES) throw new PictureError("too_large");
  if (file.size === 0) throw new PictureError("empty");
  const bytes = await read(file);
  if (isTruncated(bytes)) throw new PictureError("truncated");
  const bitmap = await decode(file, bytes);
  try {
    const original: Size = [bitmap.width, bitmap.height];
    const size = fitted(original, LONGEST_SIDE_PX);
    const small = size[0] === original[0] && file.size <= LARGEST_SENT_AS_IT_IS_BYTES;
    const keeps = small && SENT_AS_THEY_ARE.includes(file.type);
    // A copy in memory: the file may be moved or changed while the page is open.
    const blob = keeps ? new Blob([bytes], { type: file.type }) : await drawn(bitmap, size, JPEG_QUALITY);
    return { blob, name, size };
  } finally {
    bitmap.close();
  }
}

/** Draw `source` at `size` on white and encode it as a JPEG; a given canvas is reused. */
export async function drawn(
  source: CanvasImageSource,
  size: Size,
  quality: number,
  canvas = document.createElement("canvas"),
): Promise<Blob> {
  [canvas.width, canvas.height] = size;
  const context = canvas.getContext("2d");
  if (context === null) throw new PictureError("not_a_picture");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, ...size);
  context.drawImage(source, 0, 0, ...size);
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob === null ? reject(new PictureError("too_large")) : resolve(blob)),
      "image/jpeg",
      quality,
    );
  });
}

async function read(file: Blob): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    throw new PictureError("unreadable", error);
  }
}

async function decode(file: Blob, bytes: Uint8Array): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch (error) {
    throw new PictureError(isHeic(bytes) ? "heic" : "not_a_picture", error);
  }
}
