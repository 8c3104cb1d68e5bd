import { type RefObject, useEffect, useMemo, useState } from "react";
import { nameOf, percent } from "../../api/expressions.ts";
import { BoxOverlay } from "../../ui/BoxOverlay.tsx";
import { useObjectUrl } from "../../ui/useObjectUrl.ts";
import styles from "./Live.module.css";
import type { LiveView } from "./live_session.ts";

interface Props {
  video: RefObject<HTMLVideoElement | null>;
  stream: MediaStream;
  mirrored: boolean;
  view: LiveView;
  selected: number | null;
  onSelect: (track: number) => void;
}

/** The video with a box for each face over it; while paused, the very frame that the boxes belong to. */
export function LiveStage({ video, stream, mirrored, view, selected, onSelect }: Props) {
  const [ratio, setRatio] = useState(4 / 3);
  const still = useObjectUrl(view.paused ? view.frame : null);
  const side = mirrored ? styles.mirrored : "";

  useEffect(() => {
    if (video.current !== null) video.current.srcObject = stream;
  }, [video, stream]);

  const boxes = useMemo(
    () =>
      view.faces.map((face) => ({
        key: face.track,
        box: face.box,
        caption: `${face.track} · ${nameOf(face.expression)} ${percent(face.confidence)}`,
      })),
    [view.faces],
  );

  return (
    <div className={styles.stage} style={{ aspectRatio: `${ratio}`, width: `min(100%, 68vh * ${ratio})` }}>
      <video
        ref={video}
        className={side}
        autoPlay
        muted
        playsInline
        aria-label="What the camera sees"
        onResize={({ currentTarget: { videoWidth, videoHeight } }) =>
          videoWidth > 0 && setRatio(videoWidth / videoHeight)
        }
      />
      {still !== null && <img className={side} src={still} alt="The frame at which the video was paused" />}
      <BoxOverlay
        label={boxes.length === 0 ? "No boxes" : `Boxes: ${boxes.length}`}
        boxes={boxes}
        sourceSize={view.imageSize ?? [4, 3]}
        selected={selected}
        onSelect={onSelect}
        mirrored={mirrored}
      />
    </div>
  );
}
