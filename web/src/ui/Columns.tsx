import type { ReactNode } from "react";
import styles from "./Columns.module.css";

interface Props {
  /** What a person looks at. */
  main: ReactNode;
  /** What belongs to it: beside it, or below where there is no room. */
  side: ReactNode;
  /** Whether the side has to be read first, and so comes before the main part where there is no room. */
  sideFirst?: boolean;
}

export function Columns({ main, side, sideFirst = false }: Props) {
  const parts = [
    <div key="main" className={`${styles.stack} ${styles.main}`}>
      {main}
    </div>,
    <div key="side" className={styles.stack}>
      {side}
    </div>,
  ];
  return <div className={styles.columns}>{sideFirst ? parts.reverse() : parts}</div>;
}
