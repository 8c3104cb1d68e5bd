import { nameOf, percent } from "../../api/expressions.ts";
import styles from "./Dashboard.module.css";
import type { LabelShare } from "./shares.ts";

/** Count and share of each label, with a bar as long as its share of the largest. */
export function ShareTable({ shares }: { shares: readonly LabelShare[] }) {
  const largest = Math.max(1, ...shares.map(({ count }) => count));
  return (
    <table className={styles.table}>
      <caption className="visually-hidden">Corrections of each label</caption>
      <thead>
        <tr>
          <th scope="col">Label</th>
          <th scope="col" className={styles.barColumn}>
            <span className="visually-hidden">Bar</span>
          </th>
          <th scope="col">Count</th>
          <th scope="col">Share</th>
        </tr>
      </thead>
      <tbody>
        {shares.map(({ label, count, share }) => (
          <tr key={label}>
            <th scope="row">
              <span className={styles.swatch} data-label={label} aria-hidden="true" />
              {nameOf(label)}
            </th>
            <td className={styles.barColumn}>
              <svg className={styles.bar} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                <rect data-label={label} width={(count / largest) * 100} height="8" rx="1" />
              </svg>
            </td>
            <td>{count.toLocaleString("en-GB")}</td>
            <td>{percent(share)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
