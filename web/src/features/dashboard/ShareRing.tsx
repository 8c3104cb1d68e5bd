import { nameOf, percent } from "../../api/expressions.ts";
import styles from "./Dashboard.module.css";
import type { LabelShare } from "./shares.ts";

const RADIUS = 42;
const ROUND = 2 * Math.PI * RADIUS;
const GAP = 1.2;

/** The shares as a ring; says the same in words to screen readers. */
export function ShareRing({ shares, total }: { shares: readonly LabelShare[]; total: number }) {
  const present = shares.filter(({ count }) => count > 0);
  const words = present.map(({ label, share }) => `${nameOf(label)} ${percent(share)}`).join(", ");
  const gap = present.length > 1 ? GAP : 0;
  let start = 0;
  return (
    <svg
      className={styles.ring}
      viewBox="0 0 100 100"
      role="img"
      aria-label={`Share of each label: ${words || "none yet"}`}
    >
      <circle className={styles.track} cx="50" cy="50" r={RADIUS} />
      {present.map(({ label, share }) => {
        const length = Math.max(share * ROUND - gap, 0.6);
        const arc = (
          <circle
            key={label}
            className={styles.arc}
            data-label={label}
            cx="50"
            cy="50"
            r={RADIUS}
            strokeDasharray={`${length} ${ROUND - length}`}
            strokeDashoffset={-start}
          />
        );
        start += share * ROUND;
        return arc;
      })}
      <text className={styles.total} x="50" y="51">
        {total.toLocaleString("en-GB")}
      </text>
      <text className={styles.unit} x="50" y="63">
        {total === 1 ? "correction" : "corrections"}
      </text>
    </svg>
  );
}
