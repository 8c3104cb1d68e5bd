import styles from "./BarList.module.css";

export interface Bar {
  key: string;
  name: string;
  /** 0…1 */
  share: number;
  value: string;
  strong?: boolean;
  colour: string;
}

/** A small bar chart that is a list to screen readers. */
export function BarList({ label, bars }: { label: string; bars: readonly Bar[] }) {
  return (
    <ul className={styles.list} aria-label={label}>
      {bars.map(({ key, name, share, value, strong, colour }) => (
        <li key={key} className={strong ? styles.strong : undefined}>
          <span>{name}</span>
          <span className={styles.track} aria-hidden="true">
            <span className={styles.bar} style={{ transform: `scaleX(${share})`, background: colour }} />
          </span>
          <span className={styles.value}>{value}</span>
        </li>
      ))}
    </ul>
  );
}
