import type { Box, Face } from "../../api/client.ts";
import { COLOURS, isUnsure } from "../../api/expressions.ts";
import type { LabelledBox } from "../../ui/picture/boxes.ts";
import { nameOf, scoreText, words } from "../../words/words.ts";

export type ShownFace = Pick<Face, "box" | "expression" | "confidence" | "scores">;

export interface NumberedFace {
  /** Identifies the face when it is selected. */
  key: number;
  /** Shown to people. */
  number: number;
  face: ShownFace;
}

/**
 * Number the faces from left to right by their centres, and those in one column from top to bottom; keys keep the
 * server's order, largest first.
 */
export function leftToRight(faces: readonly ShownFace[]): NumberedFace[] {
  const sorted = faces
    .map((face, key) => ({ key, face }))
    .sort((one, other) => middle(one.face.box) - middle(other.face.box));
  const columns: (typeof sorted)[] = [];
  for (const one of sorted) {
    const column = columns.at(-1);
    if (column?.[0] !== undefined && isBelow(one.face.box, column[0].face.box)) column.push(one);
    else columns.push([one]);
  }
  return columns
    .flatMap((column) => column.sort((one, other) => (one.face.box[1] ?? 0) - (other.face.box[1] ?? 0)))
    .map((one, index) => ({ ...one, number: index + 1 }));
}

/** Whether it is in the same column, above or below: its centre is at most a quarter of a face to the right. */
function isBelow(box: Box, [x = 0, y = 0, width = 0, height = 0]: Box): boolean {
  const [, top = 0, , ownHeight = 0] = box;
  const apart = top >= y + height || top + ownHeight <= y;
  return apart && middle(box) - (x + width / 2) <= width / 4;
}

function middle([x = 0, , width = 0]: Box): number {
  return x + width / 2;
}

/** `Happy 97%`, or `Not sure`. */
export function labelText(face: Pick<Face, "expression" | "confidence">): string {
  return isUnsure(face) ? words.result.notSure : `${nameOf(face.expression)} ${scoreText(face.confidence)}`;
}

/** What is drawn over a picture, on the screen and in what is saved; numbers only where there is more than one face. */
export function boxesOf(faces: readonly NumberedFace[], numbered = faces.length > 1): LabelledBox[] {
  return faces.map(({ key, number, face }) => ({
    key,
    box: face.box,
    number: numbered ? String(number) : "",
    caption: `${numbered ? `${number} · ` : ""}${labelText(face)}`,
    colour: COLOURS[isUnsure(face) ? "nan" : face.expression],
  }));
}
