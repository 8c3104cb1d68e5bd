import type { CameraProblem } from "../../media/camera.ts";
import { Button } from "../../ui/controls/Button.tsx";
import { cameraIcon } from "../../ui/controls/icons.tsx";
import { Notice } from "../../ui/panels/Notice.tsx";
import { words } from "../../words/words.ts";
import styles from "./Live.module.css";

interface Props {
  starting: boolean;
  problem: CameraProblem | null;
  onStart: () => void;
}

/** Says what will happen to the picture before the camera starts. */
export function CameraNotice({ starting, problem, onStart }: Props) {
  return (
    <section className={styles.notice} aria-label={words.live.how}>
      <CameraDrawing />
      <h2>{words.live.how}</h2>
      <ul className={styles.terms}>
        {words.live.terms.map((term) => (
          <li key={term}>{term}</li>
        ))}
      </ul>
      {problem !== null && <Notice kind="problem">{words.camera.problems[problem]}</Notice>}
      <Button look="primary" icon={cameraIcon} busy={starting} onClick={onStart}>
        {problem === null ? words.live.start : words.tryAgain}
      </Button>
    </section>
  );
}

function CameraDrawing() {
  return (
    <svg
      className={styles.drawing}
      viewBox="20 12 116 76"
      fill="none"
      strokeWidth="4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <rect x="26" y="18" width="76" height="64" rx="12" />
      <path d="m102 44 28-18v48l-28-18" />
      <circle cx="64" cy="50" r="15" />
    </svg>
  );
}
