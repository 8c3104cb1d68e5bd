import type { Face } from "../../api/client.ts";
import { nameOf, percent } from "../../api/expressions.ts";
import { BoxOverlay } from "../../ui/BoxOverlay.tsx";
import styles from "./FacePicture.module.css";

interface Props {
  /** An address of the picture; null for a moment while it is made. */
  url: string | null;
  /** In pixels, upright; boxes are in these. */
  size: readonly [number, number];
  faces: readonly Face[];
  selected: number;
  onSelect: (index: number) => void;
  /** While the answer is not there. */
  waiting?: boolean;
}

/** A picture with a box for each face. */
export function FacePicture({ url, size, faces, selected, onSelect, waiting = false }: Props) {
  const boxes = faces.map((face, index) => ({
    key: index,
    box: face.box,
    caption: `${faces.length > 1 ? `${index + 1} · ` : ""}${nameOf(face.expression)} ${percent(face.confidence)}`,
  }));
  return (
    <div className={styles.frame}>
      <div
        className={styles.picture}
        style={{ aspectRatio: `${size[0]} / ${size[1]}`, width: `min(100%, 68vh * ${size[0] / size[1]})` }}
      >
        {url !== null && <img src={url} width={size[0]} height={size[1]} alt="What you brought" />}
        {waiting && <span className={styles.scan} aria-hidden="true" />}
        <BoxOverlay
          label={boxes.length === 0 ? "No boxes" : `Boxes: ${boxes.map((box) => box.caption).join(", ")}`}
          boxes={boxes}
          sourceSize={size}
          selected={selected}
          onSelect={onSelect}
        />
      </div>
    </div>
  );
}
