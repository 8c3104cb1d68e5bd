import { Button } from "../../ui/controls/Button.tsx";
import { Card } from "../../ui/panels/Card.tsx";
import { Notice } from "../../ui/panels/Notice.tsx";
import { explain } from "../../words/explain.ts";
import { countText, dayText, words } from "../../words/words.ts";
import { CsvDownload } from "./CsvDownload.tsx";
import styles from "./Dashboard.module.css";
import { ShareTable } from "./ShareTable.tsx";
import { sharesOf } from "./shares.ts";
import { ConfusionTable, ModelTable, WeekTable } from "./Tables.tsx";
import { TokenPrompt } from "./TokenPrompt.tsx";
import { useStatistics } from "./useStatistics.ts";

/** How many corrections of each label there are, and the file that holds them: what the server's own page says, too. */
export function Dashboard() {
  const view = useStatistics();
  const { statistics, models, error, token } = view;
  if (view.asksForToken) {
    return (
      <div className={styles.token}>
        <Card label={words.dashboard.tokenTitle}>
          <TokenPrompt refusals={view.refusals} checking={view.checking} onToken={view.setToken} />
        </Card>
      </div>
    );
  }
  const total = statistics?.total ?? 0;
  const sum = (figure: "compared" | "contradicted") =>
    statistics?.weeks.reduce((before, week) => before + week[figure], 0) ?? 0;
  const compared = sum("compared");
  const last = statistics?.last_feedback ?? null;
  return (
    <div className={styles.dashboard} aria-busy={statistics === null && error === null}>
      {error !== null && (
        <Notice kind="problem" action={<Button onClick={() => view.reload()}>{words.tryAgain}</Button>}>
          {explain(error)}
        </Notice>
      )}
      {!view.tokenKept && <Notice kind="info">{words.dashboard.tokenNotKept}</Notice>}
      {statistics === null ? (
        error === null && <p className="muted">{words.loading}</p>
      ) : (
        <>
          <dl className={styles.figures}>
            <div>
              <dt>{words.dashboard.total}</dt>
              <dd>{countText(total)}</dd>
            </div>
            <div>
              <dt>{words.dashboard.contradicted}</dt>
              <dd>{compared > 0 ? words.dashboard.of(sum("contradicted"), compared) : words.dashboard.unknown}</dd>
            </div>
            <div>
              <dt>{words.dashboard.withdrawn}</dt>
              <dd>{countText(statistics.withdrawn)}</dd>
            </div>
            <div>
              <dt>{words.dashboard.last}</dt>
              <dd>{last === null ? words.dashboard.none : <time dateTime={last}>{dayText(new Date(last))}</time>}</dd>
            </div>
          </dl>
          {!statistics.complete && <p className="muted">{words.dashboard.incomplete}</p>}
          <div className={styles.pair}>
            <ShareTable shares={sharesOf(statistics)} />
            <WeekTable weeks={statistics.weeks} />
          </div>
          <ConfusionTable confusion={statistics.confusion} />
          <ModelTable models={models} />
          {total > 0 ? (
            <div className={styles.file}>
              <CsvDownload token={token} />
              <p className="muted">
                {words.dashboard.rowNote} {words.dashboard.pandasNote}
              </p>
            </div>
          ) : (
            <p className="muted">{words.dashboard.nothing}</p>
          )}
        </>
      )}
    </div>
  );
}
