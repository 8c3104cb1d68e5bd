import { useEffect, useRef, useState } from "react";
import { type CameraProblem, type Facing, useCamera } from "../../media/camera.ts";
import { drawn } from "../../media/pictures.ts";
import { Button } from "../../ui/controls/Button.tsx";
import { backIcon, cameraIcon, turnIcon } from "../../ui/controls/icons.tsx";
import { Notice } from "../../ui/panels/Notice.tsx";
import { Stage } from "../../ui/picture/Stage.tsx";
import { words } from "../../words/words.ts";
import styles from "./Capture.module.css";
import type { TakenFile } from "./files.ts";

/** One still photo from the camera. Nothing leaves the page before it is taken. */
export function CameraShot({ take, onBack }: { take: (files: TakenFile[]) => void; onBack: () => void }) {
  const { camera, start } = useCamera();
  const [facing, setFacing] = useState<Facing>("user");
  const [size, setSize] = useState<readonly [number, number]>([4, 3]);
  const [shown, setShown] = useState(false);
  const video = useRef<HTMLVideoElement>(null);
  const back = useRef<HTMLDivElement>(null);

  useEffect(() => {
    void start(facing);
  }, [start, facing]);

  useEffect(() => back.current?.focus(), []); // the button that opened this is gone

  const stream = camera.status === "on" ? camera.stream : null;
  useEffect(() => {
    setShown(false);
    if (video.current !== null) video.current.srcObject = stream;
  }, [stream]);

  async function shoot() {
    const source = video.current;
    if (source === null) return;
    const file = await drawn(source, [source.videoWidth, source.videoHeight], 0.92);
    take([{ file, name: "camera.jpg" }]);
  }

  return (
    <div ref={back} tabIndex={-1} className={styles.camera}>
      <h1 className="visually-hidden">{words.start.useCamera}</h1>
      {camera.status === "failed" ? (
        <Failed problem={camera.problem} onRetry={() => start(facing)} onBack={onBack} />
      ) : (
        <>
          <Stage
            size={size}
            controls={
              <>
                <Button look="primary" size="small" icon={cameraIcon} disabled={!shown} onClick={shoot}>
                  {words.camera.take}
                </Button>
                <Button
                  size="small"
                  compact
                  icon={turnIcon}
                  onClick={() => setFacing(facing === "user" ? "environment" : "user")}
                >
                  {words.camera.switch}
                </Button>
                <Button size="small" icon={backIcon} onClick={onBack}>
                  {words.back}
                </Button>
              </>
            }
          >
            <div className={styles.dark} />
            <video
              ref={video}
              className={camera.status === "on" && camera.mirrored ? styles.mirrored : ""}
              autoPlay
              muted
              playsInline
              onLoadedData={({ currentTarget: { videoWidth, videoHeight } }) => {
                setSize([videoWidth, videoHeight]);
                setShown(true);
              }}
              aria-label={words.camera.shows}
            />
            {camera.status === "starting" && <p className={styles.waiting}>{words.camera.starting}</p>}
          </Stage>
          <p className="muted">{words.camera.promise}</p>
        </>
      )}
    </div>
  );
}

interface FailedProps {
  problem: CameraProblem;
  onRetry: () => void;
  onBack: () => void;
}

function Failed({ problem, onRetry, onBack }: FailedProps) {
  const action = (
    <span className={styles.actions}>
      <Button onClick={onRetry}>{words.tryAgain}</Button>
      <Button icon={backIcon} onClick={onBack}>
        {words.back}
      </Button>
    </span>
  );
  return (
    <Notice kind="problem" action={action}>
      {words.camera.problems[problem]}
    </Notice>
  );
}
