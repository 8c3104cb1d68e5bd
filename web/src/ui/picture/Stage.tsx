import type { ReactNode } from "react";
import styles from "./Stage.module.css";

interface Props {
  /** Size of the content; only the ratio matters. */
  size: readonly [number, number];
  children: ReactNode;
  /** Laid over the lower edge. */
  controls?: ReactNode;
}

/** Shows a picture or a video as large as the column and the height of the window allow. */
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
