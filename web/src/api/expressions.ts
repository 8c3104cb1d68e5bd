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

const NAMES: Record<Label, string> = {
  happy: "Happy",
  surprised: "Surprised",
  neutral: "Neutral",
  sad: "Sad",
  fear: "Fear",
  disgusted: "Disgusted",
  angry: "Angry",
  nan: "None of these",
};

export function nameOf(label: Label): string {
  return NAMES[label];
}

/** A share of 0…1 as `97 %`; what is not wholly certain or impossible is never shown as 100 % or 0 %. */
export function percent(share: number): string {
  if (share > 0 && share < 0.005) return "< 1 %";
  if (share < 1 && share >= 0.995) return "> 99 %";
  return `${Math.round(share * 100)} %`;
}

export function scoreOf(face: Pick<Face, "scores">, expression: Expression): number {
  return face.scores[expression] ?? 0;
}
