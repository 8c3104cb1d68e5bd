import type { ReactNode } from "react";
import styles from "./Stage.module.css";

interface Props {
  /** Of what is shown; only their ratio matters. */
  size: readonly [number, number];
  children: ReactNode;
  /** Lie over the lower edge. */
  controls?: ReactNode;
}

/** Where a picture or a video is shown as large as the column and the window's height allow. */
export function Stage({ size: [width, height], children, controls }: Props) {
  return (
    <div className={controls === undefined ? styles.frame : `${styles.frame} ${styles.video}`}>
      <div
        className={styles.stage}
        style={{ aspectRatio: `${width} / ${height}`, width: `min(100%, var(--media-height) * ${width / height})` }}
      >
        {children}
      </div>
      {controls !== undefined && <div className={styles.controls}>{controls}</div>}
    </div>
  );
}
