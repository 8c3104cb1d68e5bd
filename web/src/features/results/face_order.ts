import type { Box, Face } from "../../api/client.ts";
import { COLOURS, isUnsure } from "../../api/expressions.ts";
import type { LabelledBox } from "../../ui/boxes.ts";
import { nameOf, scoreText, words } from "../../words/words.ts";

export type ShownFace = Pick<Face, "box" | "expression" | "confidence" | "scores">;

export interface NumberedFace {
  /** By which the face is selected. */
  key: number;
  /** For people. */
  number: number;
  face: ShownFace;
}

/** The faces numbered from left to right by their middles; keys stay the server's order, largest first. */
export function leftToRight(faces: readonly ShownFace[]): NumberedFace[] {
  return faces
    .map((face, key) => ({ key, face }))
    .sort((one, other) => middle(one.face.box) - middle(other.face.box))
    .map((one, index) => ({ ...one, number: index + 1 }));
}

function middle([x = 0, , width = 0]: Box): number {
  return x + width / 2;
}

/** `Happy 97%`, or that nobody knows. */
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
