import { area, type BoxXYWH, PLATE_HEIGHT_PX, type Plate, platesFor } from "./plates.ts";

export interface LabelledBox {
  key: number;
  /** `[x, y, width, height]` in pixels of the picture. */
  box: BoxXYWH;
  /** Short, for where there is no room for the caption; empty where there is one box only. */
  number: string;
  caption: string;
  colour: string;
}

export interface Drawing {
  sourceSize: readonly [number, number];
  selected: number | null;
  /** Under the pointer. */
  hovered: number | null;
  mirrored: boolean;
}

const CORNER_PX = 10;
const FONT = '600 13px "Instrument Sans", system-ui, sans-serif';
const INK = "#0b0f0e";
const RIM = "rgb(10 14 13 / 60%)"; // without it, a light line vanishes on a light picture

/** The key of the smallest box that holds a point, which is the one in front. */
export function boxAt(boxes: readonly LabelledBox[], x: number, y: number): number | null {
  const hit = boxes
    .filter(
      ({ box: [left = 0, top = 0, width = 0, height = 0] }) =>
        x >= left && x <= left + width && y >= top && y <= top + height,
    )
    .sort((one, other) => area(one.box) - area(other.box))[0];
  return hit?.key ?? null;
}

/** Draw boxes at the canvas's size on the screen. */
export function drawOnScreen(canvas: HTMLCanvasElement, boxes: readonly LabelledBox[], drawing: Drawing): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(canvas.clientWidth * ratio);
  canvas.height = Math.round(canvas.clientHeight * ratio);
  context.scale(ratio, ratio);
  drawBoxes(context, [canvas.clientWidth, canvas.clientHeight], boxes, drawing);
}

/** Draw boxes into an area of the given size, the selected one and the one under the pointer on top. */
export function drawBoxes(
  context: CanvasRenderingContext2D,
  [width, height]: readonly [number, number],
  boxes: readonly LabelledBox[],
  drawing: Drawing,
): void {
  const scale = width / drawing.sourceSize[0];
  const rank = ({ key }: LabelledBox) => (key === drawing.hovered ? 2 : key === drawing.selected ? 1 : 0);
  const placed = boxes
    .map((box) => ({ ...box, rank: rank(box), at: onScreen(box.box, scale, width, drawing.mirrored) }))
    .sort((one, other) => one.rank - other.rank);
  for (const { at, colour, rank } of placed) outline(context, at, colour, rank > 0 ? 4 : 2);
  context.font = FONT;
  const plates = platesFor(placed, [width, height], (text) => context.measureText(text).width);
  for (const plate of plates) fillPlate(context, plate);
}

function onScreen([x = 0, y = 0, w = 0, h = 0]: BoxXYWH, scale: number, width: number, mirrored: boolean): BoxXYWH {
  return [mirrored ? width - (x + w) * scale : x * scale, y * scale, w * scale, h * scale];
}

function outline(
  context: CanvasRenderingContext2D,
  [x = 0, y = 0, width = 0, height = 0]: BoxXYWH,
  colour: string,
  line_px: number,
): void {
  context.beginPath();
  context.roundRect(x, y, width, height, Math.min(CORNER_PX, width / 4));
  context.strokeStyle = RIM;
  context.lineWidth = line_px + 2;
  context.stroke();
  context.strokeStyle = colour;
  context.lineWidth = line_px;
  context.stroke();
}

function fillPlate(context: CanvasRenderingContext2D, { text, colour, left, top, width }: Plate): void {
  context.beginPath();
  context.roundRect(left, top, width, PLATE_HEIGHT_PX, 7);
  context.fillStyle = colour;
  context.fill();
  context.strokeStyle = RIM;
  context.lineWidth = 1;
  context.stroke();
  context.fillStyle = INK;
  context.textBaseline = "middle";
  context.fillText(text, left + 7, top + PLATE_HEIGHT_PX / 2 + 1);
}
