import { useRef, useState } from "react";
import sampleUrl from "../../../../docs/images/astronaut.jpg"; // by NASA, public domain
import { Button } from "../../ui/Button.tsx";
import { cameraIcon, pictureIcon, sampleIcon } from "../../ui/icons.tsx";
import { CameraShot } from "./CameraShot.tsx";
import styles from "./Capture.module.css";
import type { Bring } from "./usePicture.ts";

interface Props {
  bring: Bring;
  preparing: boolean;
  hovering: boolean;
}

/** The ways to bring a picture. */
export function Capture({ bring, preparing, hovering }: Props) {
  const [camera, setCamera] = useState(false);
  const [sampling, setSampling] = useState(false);
  const files = useRef<HTMLInputElement>(null);

  async function takeSample() {
    setSampling(true);
    try {
      const response = await fetch(sampleUrl);
      await bring(await response.blob(), "sample.jpg");
    } catch {
      await bring(new Blob(), "sample.jpg"); // tells that it could not be opened
    } finally {
      setSampling(false);
    }
  }

  if (camera) return <CameraShot onShot={bring} onBack={() => setCamera(false)} />;
  return (
    <div className={`${styles.stage} ${hovering ? styles.hovering : ""}`}>
      <FrameDrawing />
      <div className={styles.words}>
        <h2>Drop a picture here</h2>
        <p className="muted">or paste one, or bring it another way</p>
      </div>
      <div className={styles.ways}>
        <Button look="primary" icon={pictureIcon} busy={preparing && !sampling} onClick={() => files.current?.click()}>
          Choose a picture
        </Button>
        <Button icon={cameraIcon} onClick={() => setCamera(true)}>
          Use the camera
        </Button>
        <Button icon={sampleIcon} busy={sampling} onClick={takeSample}>
          Try a sample
        </Button>
      </div>
      <input
        ref={files}
        type="file"
        accept="image/*"
        className="visually-hidden"
        tabIndex={-1}
        aria-label="Picture file"
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = ""; // or choosing the same file again does nothing
          if (file !== undefined) void bring(file, file.name);
        }}
      />
    </div>
  );
}

function FrameDrawing() {
  return (
    <svg className={styles.drawing} viewBox="0 0 160 120" fill="none" strokeLinecap="round" aria-hidden="true">
      <path
        className={styles.corner}
        d="M36 30V20a8 8 0 0 1 8-8h10M106 12h10a8 8 0 0 1 8 8v10M124 90v10a8 8 0 0 1-8 8h-10M54 108H44a8 8 0 0 1-8-8V90"
      />
      <path className={styles.face} d="M80 26c19 0 30 14 30 33 0 21-13 37-30 37S50 80 50 59c0-19 11-33 30-33Z" />
      <path className={styles.face} d="M68 55v3M92 55v3M69 74c7 6.5 15 6.5 22 0" />
    </svg>
  );
}
