import type { PublishedModel, Statistics } from "../../api/client.ts";
import { EXPRESSIONS, LABELS } from "../../api/expressions.ts";
import { countText, dayText, nameOf, words } from "../../words/words.ts";
import styles from "./Dashboard.module.css";

const MOST_WEEKS = 13;

/** The last quarter, newest first; a bar's length is its count relative to the largest. */
export function WeekTable({ weeks }: Pick<Statistics, "weeks">) {
  if (weeks.length === 0) return null;
  const shown = weeks.slice(-MOST_WEEKS).reverse();
  const largest = Math.max(...shown.map(({ corrections }) => corrections));
  return (
    <table className={`${styles.table} ${styles.weeks}`}>
      <caption>{words.dashboard.weeks}</caption>
      <thead>
        <tr>
          <th scope="col">{words.dashboard.week}</th>
          <td />
          <th scope="col">{words.dashboard.total}</th>
          <th scope="col">{words.dashboard.contradicted}</th>
        </tr>
      </thead>
      <tbody>
        {shown.map(({ week, corrections, compared, contradicted }) => (
          <tr key={week}>
            <th scope="row">{week}</th>
            <td className={styles.barColumn}>
              <span className={styles.track} aria-hidden="true">
                <span className={styles.weekBar} style={{ width: `${(corrections / largest) * 100}%` }} />
              </span>
            </td>
            <td>{countText(corrections)}</td>
            <td className="muted">
              {compared > 0 ? words.dashboard.of(contradicted, compared) : words.dashboard.unknown}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A row for each expression that a model predicted. */
export function ConfusionTable({ confusion }: Pick<Statistics, "confusion">) {
  const said = EXPRESSIONS.filter((expression) => confusion[expression] !== undefined);
  if (said.length === 0) return null;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: on a narrow screen it scrolls, with the keyboard too
    <section className={styles.wide} aria-label={words.dashboard.confusion} tabIndex={0}>
      <table className={`${styles.table} ${styles.confusion}`}>
        <caption>{words.dashboard.confusion}</caption>
        <thead>
          <tr>
            <th scope="col">{words.dashboard.confusionCorner}</th>
            {LABELS.map((label) => (
              <th key={label} scope="col">
                {nameOf(label)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {said.map((expression) => {
            const counts = LABELS.map((label) => confusion[expression]?.[label] ?? 0);
            const all = Math.max(
              1,
              counts.reduce((sum, count) => sum + count, 0),
            );
            return (
              <tr key={expression}>
                <th scope="row">{nameOf(expression)}</th>
                {LABELS.map((label, index) => (
                  <td
                    key={label}
                    style={{ "--share": `${((counts[index] ?? 0) / all) * 100}%` } as React.CSSProperties}
                    className={styles.cell}
                  >
                    {countText(counts[index] ?? 0)}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

/** The published models and what their gate found. */
export function ModelTable({ models }: { models: readonly PublishedModel[] }) {
  if (models.length === 0) return null;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: on a narrow screen it scrolls, with the keyboard too
    <section className={styles.wide} aria-label={words.dashboard.models} tabIndex={0}>
      <table className={`${styles.table} ${styles.models}`}>
        <caption>{words.dashboard.models}</caption>
        <thead>
          <tr>
            <th scope="col">{words.dashboard.version}</th>
            <th scope="col">{words.dashboard.made}</th>
            <th scope="col">{words.dashboard.state}</th>
            <th scope="col">{words.dashboard.gate}</th>
          </tr>
        </thead>
        <tbody>
          {models.map(({ version, created, champion, fault, gate }) => (
            <tr key={version}>
              <th scope="row">{version}</th>
              <td>{dayText(new Date(created))}</td>
              <td>{champion ? words.dashboard.serves : fault}</td>
              <td>
                {gate.length === 0 ? (
                  words.dashboard.noChecks
                ) : (
                  <details>
                    <summary>{words.dashboard.checks(gate.length)}</summary>
                    <ul>
                      {gate.map(({ name, passed, figure }) => (
                        <li key={name}>{words.dashboard.check(passed, name, figure)}</li>
                      ))}
                    </ul>
                  </details>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
