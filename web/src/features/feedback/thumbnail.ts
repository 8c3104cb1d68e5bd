import type { Box } from "../../api/client.ts";

const SIDE_PX = 64;
const MARGIN = 1.2;

/** The face in a box as a small square JPEG, as a data URL; empty where the browser cannot draw it. */
export async function thumbnailOf(picture: Blob, [x = 0, y = 0, width = 1, height = 1]: Box): Promise<string> {
  try {
    const bitmap = await createImageBitmap(picture, { imageOrientation: "from-image" });
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIDE_PX;
    const side = Math.max(width, height) * MARGIN;
    const [left, top] = [x + (width - side) / 2, y + (height - side) / 2];
    canvas.getContext("2d")?.drawImage(bitmap, left, top, side, side, 0, 0, SIDE_PX, SIDE_PX);
    bitmap.close();
    return canvas.toDataURL("image/jpeg", 0.7);
  } catch {
    return "";
  }
}
