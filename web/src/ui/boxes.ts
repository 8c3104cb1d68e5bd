export type BoxXYWH = readonly number[];

export interface LabelledBox {
  key: number;
  /** `[x, y, width, height]` in pixels of the picture. */
  box: BoxXYWH;
  caption: string;
}

export interface Drawing {
  sourceSize: readonly [number, number];
  selected: number | null;
  mirrored: boolean;
}

const CORNER_PX = 10;
const FONT = '600 13px "Instrument Sans", system-ui, sans-serif';
const CAPTION_HEIGHT_PX = 24;
const COLOURS = {
  selected: { line: "#7fe3cd", plate: "#7fe3cd", text: "#06231d" },
  other: { line: "#ffffff", plate: "rgb(17 21 20 / 82%)", text: "#ffffff" },
};

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

function area([, , width = 0, height = 0]: BoxXYWH): number {
  return width * height;
}

/** Draw boxes at the canvas's size on the screen, the selected one last and so on top. */
export function drawBoxes(canvas: HTMLCanvasElement, boxes: readonly LabelledBox[], drawing: Drawing): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  context.scale(ratio, ratio);
  const scale = width / drawing.sourceSize[0];
  const order = [...boxes].sort(
    (one, other) => Number(one.key === drawing.selected) - Number(other.key === drawing.selected),
  );
  for (const { key, box, caption } of order) {
    const [left = 0, top = 0, boxWidth = 0, boxHeight = 0] = box.map((side) => side * scale);
    const x = drawing.mirrored ? width - left - boxWidth : left;
    const colours = key === drawing.selected ? COLOURS.selected : COLOURS.other;
    outline(context, [x, top, boxWidth, boxHeight], colours.line, key === drawing.selected ? 3 : 2);
    plate(context, caption, [x, top + boxHeight], [width, height], colours);
  }
}

function outline(
  context: CanvasRenderingContext2D,
  [x = 0, y = 0, width = 0, height = 0]: BoxXYWH,
  colour: string,
  line_px: number,
): void {
  context.beginPath();
  context.roundRect(x, y, width, height, Math.min(CORNER_PX, width / 4));
  context.strokeStyle = "rgb(10 14 13 / 55%)"; // a dark rim, or a light line vanishes on a light picture
  context.lineWidth = line_px + 2;
  context.stroke();
  context.strokeStyle = colour;
  context.lineWidth = line_px;
  context.stroke();
}

function plate(
  context: CanvasRenderingContext2D,
  caption: string,
  [left, bottom]: readonly [number, number],
  [width, height]: readonly [number, number],
  colours: { plate: string; text: string },
): void {
  context.font = FONT;
  const plateWidth = context.measureText(caption).width + 16;
  const x = Math.max(0, Math.min(left, width - plateWidth));
  const y = Math.max(0, Math.min(bottom + 5, height - CAPTION_HEIGHT_PX));
  context.beginPath();
  context.roundRect(x, y, plateWidth, CAPTION_HEIGHT_PX, 7);
  context.fillStyle = colours.plate;
  context.fill();
  context.fillStyle = colours.text;
  context.textBaseline = "middle";
  context.fillText(caption, x + 8, y + CAPTION_HEIGHT_PX / 2 + 1);
}
