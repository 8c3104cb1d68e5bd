import { words } from "../../words/words.ts";
import styles from "./Live.module.css";
import type { LiveView } from "./session/live_session.ts";

/** The state of the video in one line over it; changes of state are announced, figures are not. */
export function LiveStatus({ view }: { view: LiveView }) {
  const state = view.paused ? "paused" : view.link;
  return (
    <div className={styles.status}>
      <p role="status" aria-label={words.live.state} className={styles.state} data-state={state}>
        <span className={styles.dot} aria-hidden="true" />
        {words.live.states[state]}
      </p>
      {view.fps !== null && view.latency_ms !== null && (
        <dl className={styles.figures}>
          <dt className="visually-hidden">{words.live.fpsLong}</dt>
          <dd>
            {Math.round(view.fps)} {words.live.fps}
          </dd>
          <dt className="visually-hidden">{words.live.latency}</dt>
          <dd>{words.live.milliseconds(Math.round(view.latency_ms))}</dd>
        </dl>
      )}
    </div>
  );
}
