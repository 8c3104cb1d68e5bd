import { COLOURS } from "../../api/expressions.ts";
import { countText, nameOf, shareText, words } from "../../words/words.ts";
import styles from "./Dashboard.module.css";
import type { LabelShare } from "./shares.ts";

/** Count and share of each label, with a bar as long as its share. */
export function ShareTable({ shares }: { shares: readonly LabelShare[] }) {
  return (
    <table className={styles.table}>
      <caption>{words.dashboard.caption}</caption>
      <thead className="visually-hidden">
        <tr>
          <th scope="col">{words.dashboard.label}</th>
          <th scope="col">{words.dashboard.bar}</th>
          <th scope="col">{words.dashboard.count}</th>
          <th scope="col">{words.dashboard.share}</th>
        </tr>
      </thead>
      <tbody>
        {shares.map(({ label, count, share }) => (
          <tr key={label}>
            <th scope="row">{nameOf(label)}</th>
            <td className={styles.barColumn}>
              <span className={styles.track} aria-hidden="true">
                <span className={styles.bar} style={{ width: `${share * 100}%`, background: COLOURS[label] }} />
              </span>
            </td>
            <td>{countText(count)}</td>
            <td className="muted">{shareText(share)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
