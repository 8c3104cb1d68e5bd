import type { Face } from "../../api/client.ts";
import { EXPRESSIONS, nameOf, percent, scoreOf } from "../../api/expressions.ts";
import { BarList } from "../../ui/BarList.tsx";
import styles from "./FaceScores.module.css";

/** The expression that a face shows, and how the seven compare. */
export function FaceScores({ face }: { face: Pick<Face, "expression" | "confidence" | "scores"> }) {
  return (
    <div className={styles.scores}>
      <p className={styles.verdict}>
        <span className={styles.expression}>{nameOf(face.expression)}</span>
        <span className="muted">{percent(face.confidence)} sure</span>
      </p>
      <BarList
        label="Score of each expression"
        bars={EXPRESSIONS.map((expression) => ({
          key: expression,
          name: nameOf(expression),
          share: scoreOf(face, expression),
          value: percent(scoreOf(face, expression)),
          strong: expression === face.expression,
        }))}
      />
    </div>
  );
}

/** As high as the scores, so that nothing moves when they come. */
export function FaceScoresPlaceholder({ children }: { children: string }) {
  return (
    <div className={styles.scores}>
      <p className={styles.verdict}>
        <span className="muted">{children}</span>
      </p>
      <div className={styles.blank} aria-hidden="true">
        <BarList
          label=""
          bars={EXPRESSIONS.map((expression) => ({ key: expression, name: nameOf(expression), share: 0, value: "" }))}
        />
      </div>
    </div>
  );
}
