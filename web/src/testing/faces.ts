import type { Face } from "../api/client.ts";
import type { Scores } from "../api/expressions.ts";

/** A face as the server describes it. */
export function face(change: Partial<Face> = {}): Face {
  const scores: Scores = { angry: 0, disgusted: 0, fear: 0, happy: 0.9, sad: 0, surprised: 0.1, neutral: 0 };
  return {
    box: [10, 20, 30, 40],
    expression: "happy",
    confidence: 0.9,
    scores,
    landmarks: null,
    detection_score: 0.9,
    ...change,
  };
}
