import type { Face } from "../../api/client.ts";
import { nameOf, percent } from "../../api/expressions.ts";
import { ChoiceChips } from "../../ui/ChoiceChips.tsx";
import styles from "./FaceList.module.css";

type Shown = Pick<Face, "box" | "expression" | "confidence">;

interface Picture {
  url: string | null;
  /** In pixels; boxes are in these. */
  size: readonly [number, number];
}

interface Props {
  faces: readonly { key: number; face: Shown }[];
  selected: number | null;
  onSelect: (key: number) => void;
  /** Where the faces are to be shown small. */
  picture?: Picture;
}

/** Which of several faces is meant, for a pointer and for the keyboard. */
export function FaceList({ faces, selected, onSelect, picture }: Props) {
  return (
    <ChoiceChips
      legend="Which face"
      legendHidden
      choices={faces.map(({ key, face }) => ({
        value: key,
        label: `Face ${key}: ${nameOf(face.expression)}, ${percent(face.confidence)}`,
        content: <Chip number={key} face={face} {...(picture !== undefined && { picture })} />,
      }))}
      chosen={selected}
      onChoose={onSelect}
    />
  );
}

function Chip({ number, face, picture }: { number: number; face: Shown; picture?: Picture }) {
  return (
    <span className={styles.face}>
      {picture?.url != null && <span className={styles.thumb} style={cropped(picture.url, picture.size, face.box)} />}
      <span className={styles.number}>{number}</span>
      {nameOf(face.expression)}
    </span>
  );
}

const THUMB_PX = 44;
const MARGIN = 1.2;

/** Shows the square around a box, `MARGIN` times as large as its longer side. */
function cropped(
  url: string,
  [width, height]: readonly [number, number],
  [x = 0, y = 0, boxWidth = 1, boxHeight = 1]: readonly number[],
) {
  const side = Math.max(boxWidth, boxHeight) * MARGIN;
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
