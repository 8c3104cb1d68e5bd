/** `[x, y, width, height]`, in pixels. */
export type BoxXYWH = readonly number[];

/** A box where it is on the screen, in pixels there. */
export interface PlacedBox {
  at: BoxXYWH;
  /** Short, for where there is no room for the caption; empty where there is one box only. */
  number: string;
  caption: string;
  colour: string;
  /** 2 for the box under the pointer, 1 for the selected one, 0 for the others. */
  rank: number;
}

/** A line of text on a coloured ground. */
export interface Plate {
  text: string;
  colour: string;
  left: number;
  top: number;
  width: number;
}

export const PLATE_HEIGHT_PX = 23;
const PADDING_PX = 7;
const GAP_PX = 5;
/** With more faces than this, captions are noise even if none covers another. */
const MOST_CAPTIONS = 8;

/**
 * Choose what is written next to the boxes, in drawing order. If there are few and no caption would cover another, that is
 * every caption. Otherwise it is the captions of the selected box and of the one under the pointer, and the numbers of
 * the others, larger boxes first. A number that would cover something moves above its box; if it would cover something
 * there too, it is left out, as pointing at the box still reveals it.
 */
export function platesFor(
  boxes: readonly PlacedBox[],
  size: readonly [number, number],
  widthOf: (text: string) => number,
): Plate[] {
  const plateOf = (box: PlacedBox, text: string, above = false) =>
    placed(text, widthOf(text) + 2 * PADDING_PX, above, box, size);
  const captions = boxes.map((box) => plateOf(box, box.caption));
  const crowded = boxes.length > MOST_CAPTIONS || anyOverlap(captions);
  const meant = (box: PlacedBox) => box.rank > 0 || !crowded;
  const written = boxes
    .flatMap((box, index) => (meant(box) ? [{ rank: box.rank, plate: captions[index] as Plate }] : []))
    .sort((one, other) => one.rank - other.rank)
    .map(({ plate }) => plate);
  const numbers: Plate[] = [];
  for (const box of boxes.filter((one) => !meant(one)).sort((one, other) => area(other.at) - area(one.at))) {
    const isFree = (plate: Plate) => ![...written, ...numbers].some((other) => overlap(plate, other));
    const plate = [plateOf(box, box.number), plateOf(box, box.number, true)].find(isFree);
    if (plate !== undefined) numbers.push(plate);
  }
  return [...numbers, ...written].filter(({ text }) => text !== "");
}

/** Below the box or above it, but inside the picture. */
function placed(
  text: string,
  plateWidth: number,
  above: boolean,
  { at: [x = 0, y = 0, , boxHeight = 0], colour }: PlacedBox,
  [width, height]: readonly [number, number],
): Plate {
  const left = Math.max(0, Math.min(x, width - plateWidth));
  const wanted = above ? y - GAP_PX - PLATE_HEIGHT_PX : y + boxHeight + GAP_PX;
  const top = Math.max(0, Math.min(wanted, height - PLATE_HEIGHT_PX));
  return { text, colour, left, top, width: plateWidth };
}

function anyOverlap(plates: readonly Plate[]): boolean {
  return plates.some((one, index) => plates.slice(index + 1).some((other) => overlap(one, other)));
}

export function overlap(one: Pick<Plate, "left" | "top" | "width">, other: typeof one): boolean {
  return (
    one.left < other.left + other.width &&
    other.left < one.left + one.width &&
    Math.abs(one.top - other.top) < PLATE_HEIGHT_PX
  );
}

export function area([, , width = 0, height = 0]: BoxXYWH): number {
  return width * height;
}
