import { type ReactNode, type RefObject, useEffect, useState } from "react";
import { BoxOverlay } from "../../ui/picture/BoxOverlay.tsx";
import type { LabelledBox } from "../../ui/picture/boxes.ts";
import { Stage } from "../../ui/picture/Stage.tsx";
import { useObjectUrl } from "../../ui/useObjectUrl.ts";
import { words } from "../../words/words.ts";
import styles from "./Live.module.css";
import { LiveStatus } from "./LiveStatus.tsx";
import type { LiveView } from "./session/live_session.ts";

interface Props {
  video: RefObject<HTMLVideoElement | null>;
  stream: MediaStream;
  mirrored: boolean;
  view: LiveView;
  boxes: readonly LabelledBox[];
  selected: number | null;
  onSelect: (track: number) => void;
  controls: ReactNode;
}

/** The video with a box for each face over it; while paused, the very frame that the boxes belong to. */
export function LiveStage({ video, stream, mirrored, view, boxes, selected, onSelect, controls }: Props) {
  const [size, setSize] = useState<readonly [number, number]>([4, 3]);
  const still = useObjectUrl(view.paused ? view.frame : null);
  const side = mirrored ? styles.mirrored : "";

  useEffect(() => {
    if (video.current !== null) video.current.srcObject = stream;
  }, [video, stream]);

  return (
    <Stage size={size} controls={controls}>
      <div className={styles.dark} />
      <video
        ref={video}
        className={side}
        autoPlay
        muted
        playsInline
        aria-label={words.camera.shows}
        onResize={({ currentTarget: { videoWidth, videoHeight } }) =>
          videoWidth > 0 && setSize([videoWidth, videoHeight])
        }
      />
      {still !== null && <img className={side} src={still} alt={words.live.paused} />}
      <BoxOverlay
        label={boxes.length === 0 ? words.photo.noBoxes : words.live.boxes(boxes.length)}
        boxes={boxes}
        sourceSize={view.imageSize ?? [4, 3]}
        selected={selected}
        onSelect={onSelect}
        mirrored={mirrored}
      />
      <LiveStatus view={view} />
    </Stage>
  );
}
