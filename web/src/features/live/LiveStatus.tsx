import styles from "./Live.module.css";
import type { Link, LiveView } from "./live_session.ts";

const WORDS: Record<Link, string> = {
  connecting: "Connecting…",
  socket: "Live",
  http: "Live, one picture at a time",
  lost: "The server does not answer. Trying again…",
};

/** How the video is doing: only changes of its state are announced, not its figures. */
export function LiveStatus({ view }: { view: LiveView }) {
  const state = view.paused ? "paused" : view.link;
  return (
    <div className={styles.status}>
      <p role="status" className={styles.state} data-state={state}>
        <span className={styles.dot} aria-hidden="true" />
        {view.paused ? "Paused" : WORDS[view.link]}
      </p>
      <dl className={styles.figures}>
        <div>
          <dt>Frames per second</dt>
          <dd>{view.fps === null ? "–" : Math.round(view.fps)}</dd>
        </div>
        <div>
          <dt>Latency</dt>
          <dd>{view.latency_ms === null ? "–" : `${Math.round(view.latency_ms)} ms`}</dd>
        </div>
      </dl>
    </div>
  );
}
