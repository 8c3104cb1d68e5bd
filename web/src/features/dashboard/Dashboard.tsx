import { explain } from "../../api/errors.ts";
import { Button } from "../../ui/Button.tsx";
import { Card } from "../../ui/Card.tsx";
import { Notice } from "../../ui/Notice.tsx";
import { CsvDownload } from "./CsvDownload.tsx";
import styles from "./Dashboard.module.css";
import { ShareRing } from "./ShareRing.tsx";
import { ShareTable } from "./ShareTable.tsx";
import { sharesOf } from "./shares.ts";
import { TokenPrompt } from "./TokenPrompt.tsx";
import { useStatistics } from "./useStatistics.ts";

// The server keeps the day of a correction in UTC, and no time.
const WHEN = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" });
const NONE_YET = { counts: {}, total: 0 };

/** How many corrections of each label there are, and the file that holds them. */
export function Dashboard() {
  const { statistics, error, asksForToken, token, setToken, reload } = useStatistics();
  if (asksForToken !== "no") {
    return (
      <Card label="Token">
        <TokenPrompt key={asksForToken} refused={asksForToken === "refused"} onToken={setToken} />
      </Card>
    );
  }
  const shares = sharesOf(statistics ?? NONE_YET);
  const total = statistics?.total ?? 0;
  return (
    <div className={styles.dashboard} aria-busy={statistics === null && error === null}>
      {error !== null && (
        <Notice kind="problem" action={<Button onClick={() => reload()}>Try again</Button>}>
          {explain(error)}
        </Notice>
      )}
      <div className={styles.cards}>
        <Card label="In all">
          <ShareRing shares={shares} total={total} />
          <p className={styles.last}>
            <span className="muted">Last correction</span>
            <br />
            {statistics?.last_feedback ? (
              <time dateTime={statistics.last_feedback}>{WHEN.format(new Date(statistics.last_feedback))}</time>
            ) : (
              "None yet"
            )}
          </p>
        </Card>
        <Card label="By label">
          <h2>By label</h2>
          <ShareTable shares={shares} />
        </Card>
      </div>
      <div className={styles.file}>
        {total > 0 ? (
          <CsvDownload token={token} />
        ) : (
          <p className="muted">
            {statistics === null ? "Loading…" : "The CSV can be downloaded once there is a correction."}
          </p>
        )}
        <p className="muted">One row a correction: the label and 2,304 grey values.</p>
      </div>
    </div>
  );
}
