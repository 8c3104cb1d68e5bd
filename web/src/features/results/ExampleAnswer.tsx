import { BoxOverlay } from "../../ui/picture/BoxOverlay.tsx";
import { Stage } from "../../ui/picture/Stage.tsx";
import { words } from "../../words/words.ts";
import styles from "./ExampleAnswer.module.css";
import { EXAMPLE } from "./example.ts";
import { FaceScores, Verdict } from "./FaceScores.tsx";
import { boxesOf, leftToRight } from "./face_order.ts";

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
