import { useMemo, useRef, useState } from "react";
import { Correction } from "../features/feedback/Correction.tsx";
import { Corrections } from "../features/feedback/corrections.ts";
import { CameraNotice } from "../features/live/CameraNotice.tsx";
import { LiveStage } from "../features/live/LiveStage.tsx";
import { ScoreChart } from "../features/live/ScoreChart.tsx";
import { SessionExport } from "../features/live/SessionExport.tsx";
import type { LiveFace } from "../features/live/session/protocol.ts";
import { useLiveSession } from "../features/live/session/useLiveSession.ts";
import { SessionLog } from "../features/live/session_log.ts";
import { FaceList } from "../features/results/FaceList.tsx";
import { FaceScores, NoVerdict, Verdict } from "../features/results/FaceScores.tsx";
import { boxesOf } from "../features/results/face_order.ts";
import { type Facing, useCamera } from "../media/camera.ts";
import { Button } from "../ui/controls/Button.tsx";
import { pauseIcon, playIcon, stopIcon, turnIcon } from "../ui/controls/icons.tsx";
import { Card } from "../ui/panels/Card.tsx";
import { Workbench } from "../ui/panels/Workbench.tsx";
import { useFocusOnMount } from "../ui/useFocusOnMount.ts";
import { words } from "../words/words.ts";
import styles from "./App.module.css";

export default function LivePage() {
  const { camera, start, stop } = useCamera();
  const [facing, setFacing] = useState<Facing>("user");
  const [log] = useState(() => new SessionLog());

  function turn() {
    const other = facing === "user" ? "environment" : "user";
    setFacing(other);
    void start(other);
  }

  if (camera.status === "on") {
    return <LiveView log={log} stream={camera.stream} mirrored={camera.mirrored} onStop={stop} onTurn={turn} />;
  }
  return (
    <div className={styles.page}>
      <h1>{words.live.title}</h1>
      <CameraNotice
        starting={camera.status === "starting"}
        problem={camera.status === "failed" ? camera.problem : null}
        onStart={() => start(facing)}
      />
      {log.size > 0 && <SessionExport log={log} />}
    </div>
  );
}

interface LiveViewProps {
  log: SessionLog;
  stream: MediaStream;
  mirrored: boolean;
  onStop: () => void;
  onTurn: () => void;
}

function LiveView({ log, stream, mirrored, onStop, onTurn }: LiveViewProps) {
  const video = useRef<HTMLVideoElement>(null);
  const view = useFocusOnMount<HTMLDivElement>(); // the button that started the camera is gone
  const live = useLiveSession(video, log);
  const [wanted, setWanted] = useState<number | null>(null);
  const { paused, faces } = live.view;
  const numbered = useMemo(() => (faces ?? []).map((face) => ({ key: face.track, number: face.track, face })), [faces]);
  const boxes = useMemo(() => boxesOf(numbered, true), [numbered]);
  const face = faces?.find(({ track }) => track === wanted) ?? faces?.[0];
  const selected = face?.track ?? null;
  const charted = useLast(selected);
  return (
    <div ref={view} tabIndex={-1} className={styles.live}>
      <h1 className="visually-hidden">{words.live.title}</h1>
      <Workbench
        verdict={
          <Card label={words.result.region}>
            {face !== undefined ? (
              <Verdict face={face} />
            ) : (
              <NoVerdict>{faces === null ? words.live.unknown : words.live.noFace}</NoVerdict>
            )}
          </Card>
        }
        media={
          <LiveStage
            video={video}
            stream={stream}
            mirrored={mirrored}
            view={live.view}
            boxes={boxes}
            selected={selected}
            onSelect={setWanted}
            controls={
              <>
                <Button
                  look="primary"
                  size="small"
                  icon={paused ? playIcon : pauseIcon}
                  onClick={() => (paused ? live.session.resume() : live.session.pause())}
                >
                  {paused ? words.live.resume : words.live.pause}
                </Button>
                <Button size="small" compact icon={turnIcon} onClick={onTurn}>
                  {words.camera.switch}
                </Button>
                <Button size="small" icon={stopIcon} onClick={onStop}>
                  {words.live.stop}
                </Button>
              </>
            }
          />
        }
        details={
          <>
            {face !== undefined && (
              <Card label={words.result.scores}>
                {numbered.length > 1 && <FaceList faces={numbered} selected={selected} onSelect={setWanted} />}
                <FaceScores face={face} />
              </Card>
            )}
            {!paused && (
              <Card label={words.correction.region}>
                <p className="muted">{words.live.pauseToCorrect}</p>
              </Card>
            )}
            {paused && live.view.frame !== null && face !== undefined && (
              <Card label={words.correction.region}>
                <FrameCorrection frame={live.view.frame} face={face} model={live.view.model} />
              </Card>
            )}
            <Card label={words.live.overTime}>
              <ScoreChart log={log} track={charted} running={!paused} />
              <SessionExport log={log} />
            </Card>
          </>
        }
      />
    </div>
  );
}

/** The face whose past is shown: the selected one or, while none is in sight, the one that was selected last. */
function useLast(selected: number | null): number | null {
  const [last, setLast] = useState(selected);
  if (selected !== null && selected !== last) setLast(selected);
  return selected ?? last;
}

function FrameCorrection({ frame, face, model }: { frame: Blob; face: LiveFace; model: string | null }) {
  const corrections = useMemo(() => new Corrections(frame, () => model), [frame, model]);
  return <Correction key={face.track} corrections={corrections} index={face.track} face={face} />;
}
