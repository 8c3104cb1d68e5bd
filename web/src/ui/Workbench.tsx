import type { ReactNode } from "react";
import styles from "./Workbench.module.css";

interface Props {
  /** The answer in a word; on a narrow screen it comes first. */
  verdict: ReactNode;
  media: ReactNode;
  details: ReactNode;
  /** What else can be done with it. */
  tools?: ReactNode;
}

/** The work in one view: what is looked at next to what is said about it, or one under the other. */
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
