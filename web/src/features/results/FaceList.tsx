import { ChoiceChips } from "../../ui/controls/ChoiceChips.tsx";
import { nameOf, scoreText, words } from "../../words/words.ts";
import styles from "./FaceList.module.css";
import type { NumberedFace } from "./face_order.ts";

interface Picture {
  url: string | null;
  /** In pixels; boxes are in these. */
  size: readonly [number, number];
}

interface Props {
  faces: readonly NumberedFace[];
  selected: number | null;
  onSelect: (key: number) => void;
  /** Given where the faces are to be shown as thumbnails. */
  picture?: Picture;
}

/** Selects one of several faces, by pointer or keyboard; scrolls if there are many. */
export function FaceList({ faces, selected, onSelect, picture }: Props) {
  return (
    <div className={styles.faces}>
      <ChoiceChips
        legend={words.result.whichFace}
        legendHidden
        choices={faces.map(({ key, number, face }) => ({
          value: key,
          label: words.result.face(number, nameOf(face.expression), scoreText(face.confidence)),
          content: (
            <span className={styles.face}>
              {picture?.url != null && (
                <span className={styles.thumb} style={cropped(picture.url, picture.size, face.box)} />
              )}
              <span className={styles.number}>{number}</span>
            </span>
          ),
        }))}
        chosen={selected}
        onChoose={onSelect}
      />
    </div>
  );
}

const THUMB_PX = 36;
const MARGIN = 1.2;

/** Show the square around a box, `MARGIN` times as large as its longer side. */
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
