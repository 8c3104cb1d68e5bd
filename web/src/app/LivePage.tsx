import { useRef, useState } from "react";
import { Correction } from "../features/feedback/Correction.tsx";
import { useCorrections } from "../features/feedback/useCorrections.ts";
import { CameraNotice } from "../features/live/CameraNotice.tsx";
import { LiveStage } from "../features/live/LiveStage.tsx";
import { LiveStatus } from "../features/live/LiveStatus.tsx";
import type { LiveFace } from "../features/live/protocol.ts";
import { useLiveSession } from "../features/live/useLiveSession.ts";
import { FaceList } from "../features/results/FaceList.tsx";
import { FaceScores, FaceScoresPlaceholder } from "../features/results/FaceScores.tsx";
import { type Facing, useCamera } from "../media/camera.ts";
import { Button } from "../ui/Button.tsx";
import { Card } from "../ui/Card.tsx";
import { Columns } from "../ui/Columns.tsx";
import { pauseIcon, playIcon, stopIcon, turnIcon } from "../ui/icons.tsx";
import styles from "./App.module.css";

export default function LivePage() {
  const { camera, start, stop } = useCamera();
  const [facing, setFacing] = useState<Facing>("user");

  function turn() {
    const other = facing === "user" ? "environment" : "user";
    setFacing(other);
    void start(other);
  }

  return (
    <div className={styles.page}>
      <div className={styles.intro}>
        <h1>Live from the camera</h1>
        <p>Boxes follow each face; the scores are smoothed over half a second.</p>
      </div>
      {camera.status === "on" ? (
        <LiveView stream={camera.stream} mirrored={camera.mirrored} onStop={stop} onTurn={turn} />
      ) : (
        <CameraNotice
          starting={camera.status === "starting"}
          problem={camera.status === "failed" ? camera.problem : null}
          onStart={() => start(facing)}
        />
      )}
    </div>
  );
}

interface LiveViewProps {
  stream: MediaStream;
  mirrored: boolean;
  onStop: () => void;
  onTurn: () => void;
}

function LiveView({ stream, mirrored, onStop, onTurn }: LiveViewProps) {
  const video = useRef<HTMLVideoElement>(null);
  const { view, session } = useLiveSession(video);
  const [wanted, setWanted] = useState<number | null>(null);
  const face = view.faces.find(({ track }) => track === wanted) ?? view.faces[0];
  const selected = face?.track ?? null;
  return (
    <Columns
      main={
        <>
          <LiveStage
            video={video}
            stream={stream}
            mirrored={mirrored}
            view={view}
            selected={selected}
            onSelect={setWanted}
          />
          <div className={styles.tools}>
            {view.paused ? (
              <Button look="primary" icon={playIcon} onClick={() => session.resume()}>
                Go on
              </Button>
            ) : (
              <Button look="primary" icon={pauseIcon} onClick={() => session.pause()}>
                Pause
              </Button>
            )}
            <Button icon={turnIcon} onClick={onTurn}>
              Turn the camera
            </Button>
            <Button icon={stopIcon} onClick={onStop}>
              Stop
            </Button>
          </div>
        </>
      }
      side={
        <>
          <Card label="State">
            <LiveStatus view={view} />
          </Card>
          <Card label="Result">
            {view.faces.length > 0 && (
              <FaceList
                faces={view.faces.map((one) => ({ key: one.track, face: one }))}
                selected={selected}
                onSelect={setWanted}
              />
            )}
            {face === undefined ? (
              <FaceScoresPlaceholder>No face in sight</FaceScoresPlaceholder>
            ) : (
              <FaceScores face={face} />
            )}
          </Card>
          <Card label="Correction">
            {view.paused && view.frame !== null && face !== undefined ? (
              <FrameCorrection frame={view.frame} face={face} />
            ) : (
              <p className="muted">Is a label wrong? Pause the video to correct it.</p>
            )}
          </Card>
        </>
      }
    />
  );
}

function FrameCorrection({ frame, face }: { frame: Blob; face: LiveFace }) {
  const corrections = useCorrections(frame);
  return (
    <Correction
      key={face.track}
      expression={face.expression}
      state={corrections.stateOf(face.track)}
      onChoose={(label) => corrections.choose(face.track, label)}
      onSend={() => corrections.send(face.track, face.box)}
    />
  );
}
