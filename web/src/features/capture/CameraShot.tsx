import { useEffect, useRef, useState } from "react";
import { explainCamera, type Facing, useCamera } from "../../media/camera.ts";
import { drawn } from "../../media/pictures.ts";
import { Button } from "../../ui/Button.tsx";
import { backIcon, cameraIcon, turnIcon } from "../../ui/icons.tsx";
import { Notice } from "../../ui/Notice.tsx";
import styles from "./Capture.module.css";
import type { Bring } from "./usePicture.ts";

/** One still picture from the camera. Nothing leaves the page before it is taken. */
export function CameraShot({ onShot, onBack }: { onShot: Bring; onBack: () => void }) {
  const { camera, start } = useCamera();
  const [facing, setFacing] = useState<Facing>("user");
  const [shown, setShown] = useState(false);
  const video = useRef<HTMLVideoElement>(null);

  useEffect(() => {
    void start(facing);
  }, [start, facing]);

  const stream = camera.status === "on" ? camera.stream : null;
  useEffect(() => {
    setShown(false);
    if (video.current !== null) video.current.srcObject = stream;
  }, [stream]);

  async function take() {
    const source = video.current;
    if (source === null) return;
    await onShot(await drawn(source, [source.videoWidth, source.videoHeight], 0.92), "camera.jpg");
  }

  return (
    <div className={styles.camera}>
      <div className={styles.viewfinder}>
        <video
          ref={video}
          className={camera.status === "on" && camera.mirrored ? styles.mirrored : ""}
          autoPlay
          muted
          playsInline
          onLoadedData={() => setShown(true)}
          aria-label="What the camera sees"
        />
        {camera.status === "starting" && <p className={styles.waiting}>Starting the camera…</p>}
      </div>
      <p className="muted">
        Nothing leaves this page before you take the picture. Then it is looked at like any other, and not kept.
      </p>
      {camera.status === "failed" && (
        <Notice kind="problem" action={<Button onClick={() => start(facing)}>Try again</Button>}>
          {explainCamera(camera.problem)}
        </Notice>
      )}
      <div className={styles.ways}>
        <Button look="primary" icon={cameraIcon} disabled={!shown} onClick={take}>
          Take the picture
        </Button>
        <Button icon={turnIcon} onClick={() => setFacing(facing === "user" ? "environment" : "user")}>
          Turn the camera
        </Button>
        <Button icon={backIcon} onClick={onBack}>
          Back
        </Button>
      </div>
    </div>
  );
}
