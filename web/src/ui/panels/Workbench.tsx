import type { ReactNode } from "react";
import styles from "./Workbench.module.css";

interface Props {
  /** The answer in a word; comes first on a narrow screen. */
  verdict: ReactNode;
  media: ReactNode;
  details: ReactNode;
  /** What else can be done with it. */
  tools?: ReactNode;
}

/** Everything in one view: the picture next to what is said about it or, on a narrow screen, above it. */
export function Workbench({ verdict, media, details, tools }: Props) {
  return (
    <div className={styles.workbench}>
      <div className={styles.verdict}>{verdict}</div>
      <div className={styles.media}>{media}</div>
      <div className={styles.details}>{details}</div>
      {tools !== undefined && <div className={styles.tools}>{tools}</div>}
    </div>
  );
}
