import { BoxOverlay } from "../../ui/BoxOverlay.tsx";
import { Stage } from "../../ui/Stage.tsx";
import { words } from "../../words/words.ts";
import styles from "./ExampleAnswer.module.css";
import { FaceScores, Verdict } from "./FaceScores.tsx";
import { boxesOf, leftToRight, type ShownFace } from "./face_order.ts";

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

/** A photo with its answer, for those who have not added one yet. */
export function ExampleAnswer({ url }: { url: string }) {
  const { size, face } = EXAMPLE;
  return (
    <figure className={styles.example}>
      <Stage size={size}>
        <img src={url} width={size[0]} height={size[1]} alt={words.start.exampleAlt} />
        <BoxOverlay
          label={words.start.exampleAlt}
          boxes={boxesOf(leftToRight([face]))}
          sourceSize={size}
          selected={0}
          onSelect={() => undefined}
        />
      </Stage>
      <div className={styles.answer}>
        <Verdict face={face} />
        <FaceScores face={face} />
      </div>
      <figcaption>{words.start.exampleCaption}</figcaption>
    </figure>
  );
}
