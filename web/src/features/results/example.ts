import type { ShownFace } from "./face_order.ts";

/** What the server says of the astronaut; an end-to-end test holds it against the server. */
export const EXAMPLE: { size: readonly [number, number]; face: ShownFace } = {
  size: [512, 512],
  face: {
    box: [178, 63, 91, 113],
    expression: "happy",
    confidence: 0.998,
    scores: { happy: 0.998, surprised: 0.001, neutral: 0.001, sad: 0, fear: 0, disgusted: 0, angry: 0 },
  },
};
