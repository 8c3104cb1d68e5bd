import { EXPRESSIONS, scoreOf } from "../api/expressions.ts";
import { leftToRight } from "../features/results/face_order.ts";
import type { Entry } from "./desk.ts";

const COLUMNS = ["photo", "face", "x", "y", "width", "height", "expression", "confidence", ...EXPRESSIONS];

/** One row per face, numbered as on the page; a photo without a face gets one row with the other columns empty. */
export function photosCsv(entries: readonly Entry[]): string {
  const rows = entries.flatMap(({ name, outcome }) => {
    if (outcome.status !== "done") return [];
    const faces = leftToRight(outcome.prediction.faces);
    if (faces.length === 0) return [[name, ...COLUMNS.slice(1).map(() => "")]];
    return faces.map(({ number, face }) => [
      name,
      number,
      ...face.box,
      face.expression,
      face.confidence,
      ...EXPRESSIONS.map((expression) => scoreOf(face, expression)),
    ]);
  });
  return [COLUMNS, ...rows].map((row) => `${row.map(field).join(",")}\n`).join("");
}

/** Quote as RFC 4180 says; a name that a spreadsheet would take for a formula is escaped. */
function field(value: string | number): string {
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
