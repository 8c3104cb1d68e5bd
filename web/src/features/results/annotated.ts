import type { Picture } from "../../media/pictures.ts";
import { drawBoxes, type LabelledBox } from "../../ui/picture/boxes.ts";

/** A picture on the screen is about this wide or high; lines and letters are scaled so that a saved one looks alike. */
const AS_ON_SCREEN_PX = 900;

/** The picture as it is on the screen, boxes and captions included, as a PNG. */
export async function annotated(picture: Picture, boxes: readonly LabelledBox[], selected: number): Promise<Blob> {
  const [width, height] = picture.size;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("no canvas");
  const bitmap = await createImageBitmap(picture.blob, { imageOrientation: "from-image" });
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const scale = Math.max(1, Math.max(width, height) / AS_ON_SCREEN_PX);
  context.scale(scale, scale);
  const drawing = { sourceSize: picture.size, selected, hovered: null, mirrored: false };
  drawBoxes(context, [width / scale, height / scale], boxes, drawing);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob === null ? reject(new Error("too large")) : resolve(blob)), "image/png"),
  );
}
