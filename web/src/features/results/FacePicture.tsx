import { BoxOverlay } from "../../ui/picture/BoxOverlay.tsx";
import { Stage } from "../../ui/picture/Stage.tsx";
import { words } from "../../words/words.ts";
import styles from "./FacePicture.module.css";
import { boxesOf, type NumberedFace } from "./face_order.ts";

interface Props {
  /** The picture's object URL; null for a moment while it is made. */
  url: string | null;
  name: string;
  /** In pixels, upright; boxes are in these. */
  size: readonly [number, number];
  faces: readonly NumberedFace[];
  selected: number;
  onSelect: (key: number) => void;
  /** Whether the answer is still to come. */
  waiting?: boolean;
}

/** A picture with a box for each face. */
export function FacePicture({ url, name, size, faces, selected, onSelect, waiting = false }: Props) {
  const boxes = boxesOf(faces);
  const captions = boxes.map(({ caption }) => caption).join(", ");
  return (
    <Stage size={size}>
      {url !== null && <img src={url} width={size[0]} height={size[1]} alt={words.photo.named(name)} />}
      {waiting && <span className={styles.scan} aria-hidden="true" />}
      <BoxOverlay
        label={boxes.length === 0 ? words.photo.noBoxes : words.photo.boxes(captions)}
        boxes={boxes}
        sourceSize={size}
        selected={selected}
        onSelect={onSelect}
      />
    </Stage>
  );
}
