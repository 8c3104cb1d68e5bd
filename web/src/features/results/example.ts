import type { ShownFace } from "./face_order.ts";

/** What the server says of the astronaut; an end-to-end test holds it against the server. */
export const EXAMPLE: { size: readonly [number, number]; face: ShownFace } = {
  size: [512, 512],
  face: {
    box: [178, 63, 91, 113],
    expression: "happy",
    confidence: 0.984,
    scores: {
      happy: 0.984,
      disgusted: 0.006,
      fear: 0.003,
      surprised: 0.002,
      angry: 0.002,
      sad: 0.001,
      neutral: 0.001,
    },
  },
};
