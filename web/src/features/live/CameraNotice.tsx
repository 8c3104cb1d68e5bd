import { type CameraProblem, explainCamera } from "../../media/camera.ts";
import { Button } from "../../ui/Button.tsx";
import { Card } from "../../ui/Card.tsx";
import { Columns } from "../../ui/Columns.tsx";
import { cameraIcon } from "../../ui/icons.tsx";
import { Notice } from "../../ui/Notice.tsx";
import styles from "./Live.module.css";

interface Props {
  starting: boolean;
  problem: CameraProblem | null;
  onStart: () => void;
}

/** Says what happens to the picture before there is one. */
export function CameraNotice({ starting, problem, onStart }: Props) {
  return (
    <Columns
      sideFirst
      side={
        <Card label="Before the camera starts">
          <h2>Before the camera starts</h2>
          <ul className={styles.terms}>
            <li>Small pictures (640 pixels) go to this server while the video runs, several times a second.</li>
            <li>Each is looked at in memory and forgotten with the answer. Nothing is recorded.</li>
            <li>Something is stored only if you pause and send a label: 48 × 48 grey pixels of one face.</li>
          </ul>
        </Card>
      }
      main={
        <div className={styles.waiting}>
          <CameraDrawing />
          {problem !== null && <Notice kind="problem">{explainCamera(problem)}</Notice>}
          <Button look="primary" icon={cameraIcon} busy={starting} onClick={onStart}>
            {problem === null ? "Start the camera" : "Try again"}
          </Button>
        </div>
      }
    />
  );
}

function CameraDrawing() {
  return (
    <svg
      className={styles.drawing}
      viewBox="0 0 160 100"
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
