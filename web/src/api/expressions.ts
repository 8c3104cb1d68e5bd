import type { Face, Label } from "./client.ts";
import type { components } from "./schema.ts";

export type Expression = components["schemas"]["Expression"];
export type Scores = Record<Expression, number>;

/** In the order in which they are always shown. */
export const EXPRESSIONS = [
  "happy",
  "surprised",
  "neutral",
  "sad",
  "fear",
  "disgusted",
  "angry",
] as const satisfies Expression[];
export const LABELS = [...EXPRESSIONS, "nan"] as const satisfies Label[];

/**
 * One colour per label, in boxes, bars, charts and saved pictures, light and dark: each has at least 3:1 on white and
 * on the dark surface, and carries dark text at 4.5:1 (docs/openapi.yaml).
 */
export const COLOURS: Record<Label, string> = {
  happy: "#c38115",
  surprised: "#e155a1",
  neutral: "#7f8f95",
  sad: "#2d95d3",
  fear: "#9b74e1",
  disgusted: "#659e41",
  angry: "#ea5341",
  nan: "#948370",
};

/**
 * Scores are calibrated for the population that the service is set up for: there, of the labels given with a score of
 * s, a share of s is right. So below one half a label is more likely wrong than right, and is not given as the answer.
 */
export const NOT_SURE_BELOW = 0.5;

export function isUnsure({ confidence }: Pick<Face, "confidence">): boolean {
  return confidence < NOT_SURE_BELOW;
}

export function scoreOf(face: Pick<Face, "scores">, expression: Expression): number {
  return face.scores[expression] ?? 0;
}

/** All seven, the highest score first; equal ones in the order in which they are always shown. */
export function ranked(face: Pick<Face, "scores">): Expression[] {
  return [...EXPRESSIONS].sort((one, other) => scoreOf(face, other) - scoreOf(face, one));
}
