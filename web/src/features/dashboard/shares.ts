import type { Label, Statistics } from "../../api/client.ts";
import { LABELS } from "../../api/expressions.ts";

export interface LabelShare {
  label: Label;
  count: number;
  /** Of all corrections, 0…1; all 0 while there are none. */
  share: number;
}

/** Every label, also those without a correction, in the order in which they are always shown. */
export function sharesOf({ counts, total }: Pick<Statistics, "counts" | "total">): LabelShare[] {
  return LABELS.map((label) => {
    const count = counts[label] ?? 0;
    return { label, count, share: total > 0 ? count / total : 0 };
  });
}
