import { useState } from "react";
import { COLOURS, EXPRESSIONS, isUnsure, ranked, scoreOf } from "../../api/expressions.ts";
import { BarList } from "../../ui/panels/BarList.tsx";
import { nameOf, scoreText, words } from "../../words/words.ts";
import styles from "./FaceScores.module.css";
import type { ShownFace } from "./face_order.ts";

/** The expression that a face shows or, if that is not sure, the two nearest ones. */
export function Verdict({ face }: { face: ShownFace }) {
  const [first, second] = ranked(face);
  if (isUnsure(face) && first !== undefined && second !== undefined) {
    return (
      <div className={styles.verdict}>
        <span className={styles.swatch} style={{ background: COLOURS.nan }} aria-hidden="true" />
        <p>
          <span className={styles.expression}>{words.result.notSure}</span>{" "}
          <span className="muted">{words.result.nearest(nameOf(first), nameOf(second))}</span>
        </p>
      </div>
    );
  }
  return (
    <div className={styles.verdict}>
      <span className={styles.swatch} style={{ background: COLOURS[face.expression] }} aria-hidden="true" />
      <p>
        <span className={styles.expression}>{nameOf(face.expression)}</span>{" "}
        <span className="muted">{words.result.scoreOf(scoreText(face.confidence))}</span>
      </p>
    </div>
  );
}

/** In place of a verdict, and as high. */
export function NoVerdict({ children }: { children: string }) {
  return (
    <div className={styles.verdict}>
      <p className={styles.none}>{children}</p>
    </div>
  );
}

/** The three highest scores, or all seven. */
export function FaceScores({ face }: { face: ShownFace }) {
  const [all, setAll] = useState(false);
  const shown = all ? EXPRESSIONS : ranked(face).slice(0, 3);
  return (
    <div className={styles.scores}>
      {isUnsure(face) && <p className={styles.note}>{words.result.notSureMore}</p>}
      <BarList
        label={words.result.scores}
        bars={shown.map((expression) => ({
          key: expression,
          name: nameOf(expression),
          share: scoreOf(face, expression),
          value: scoreText(scoreOf(face, expression)),
          strong: expression === face.expression,
          colour: COLOURS[expression],
        }))}
      />
      <button type="button" className={styles.more} aria-expanded={all} onClick={() => setAll(!all)}>
        {all ? words.result.fewerScores : words.result.allScores}
      </button>
    </div>
  );
}
