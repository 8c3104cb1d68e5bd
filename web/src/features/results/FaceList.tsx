import { useId } from "react";
import type { Face } from "../../api/client.ts";
import { nameOf, percent } from "../../api/expressions.ts";
import styles from "./FaceList.module.css";

interface Props {
  faces: readonly { key: number; face: Pick<Face, "box" | "expression" | "confidence"> }[];
  selected: number | null;
  onSelect: (key: number) => void;
  /** Where the faces are to be shown small: an address of the picture and its size in pixels. */
  picture?: { url: string | null; size: readonly [number, number] };
}

/** Which of several faces is meant, for a pointer and for the keyboard. */
export function FaceList({ faces, selected, onSelect, picture }: Props) {
  const name = useId();
  return (
    <fieldset className={styles.faces}>
      <legend className="visually-hidden">Which face</legend>
      {faces.map(({ key, face }) => (
        <label key={key} className={styles.face}>
          <input
            type="radio"
            name={name}
            checked={key === selected}
            onChange={() => onSelect(key)}
            aria-label={`Face ${key}: ${nameOf(face.expression)}, ${percent(face.confidence)}`}
          />
          <span className={styles.plate} aria-hidden="true">
            {picture?.url != null && (
              <span className={styles.thumb} style={cropped(picture.url, picture.size, face.box)} />
            )}
            <span className={styles.number}>{key}</span>
            <span>{nameOf(face.expression)}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

const THUMB_PX = 44;

function cropped(
  url: string,
  [width, height]: readonly [number, number],
  [x = 0, y = 0, boxWidth = 1, boxHeight = 1]: readonly number[],
) {
  const side = Math.max(boxWidth, boxHeight) * 1.2;
  const scale = THUMB_PX / side;
  const left = x + boxWidth / 2 - side / 2;
  const top = y + boxHeight / 2 - side / 2;
  return {
    width: THUMB_PX,
    height: THUMB_PX,
    backgroundImage: `url("${url}")`,
    backgroundSize: `${width * scale}px ${height * scale}px`,
    backgroundPosition: `${-left * scale}px ${-top * scale}px`,
  };
}
