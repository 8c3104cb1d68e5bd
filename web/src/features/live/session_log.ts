import { EXPRESSIONS, scoreOf } from "../../api/expressions.ts";
import type { LiveFace } from "./session/protocol.ts";

/** Time, face, box and seven scores as numbers: 13 × 8 bytes per row. */
const WIDTH = 6 + EXPRESSIONS.length;
/** About an hour and a half at 30 faces per second, in 16 MB. */
const MOST_ROWS = 160_000;

export interface Sample {
  /** When the answer came, in milliseconds since 1970. */
  time_ms: number;
  /** In the order of `EXPRESSIONS`. */
  scores: Float64Array;
}

/** The answers of live video, for the chart and the CSV; bounded in size, and never sent anywhere. */
export class SessionLog {
  private rows = new Float64Array(256 * WIDTH);
  private readonly most: number;
  private start = 0;
  /** How many rows there are. */
  size = 0;
  /** Whether older rows have been dropped. */
  full = false;

  constructor(most = MOST_ROWS) {
    this.most = most;
  }

  add(time_ms: number, faces: readonly LiveFace[]): void {
    for (const face of faces) {
      if (this.size === this.most) {
        this.start = (this.start + 1) % this.most;
        this.size -= 1;
        this.full = true;
      }
      this.grow();
      const scores = EXPRESSIONS.map((expression) => scoreOf(face, expression));
      this.rows.set([time_ms, face.track, ...face.box, ...scores], this.at(this.size) * WIDTH);
      this.size += 1;
    }
  }

  /** The samples of one face since a given time, oldest first. */
  since(time_ms: number, track: number): Sample[] {
    const found: Sample[] = [];
    for (let index = this.size - 1; index >= 0; index -= 1) {
      const row = this.row(index);
      if ((row[0] ?? 0) < time_ms) break;
      if (row[1] === track) found.push({ time_ms: row[0] ?? 0, scores: row.subarray(6) });
    }
    return found.reverse();
  }

  csv(): string {
    const lines = [`time,face,x,y,width,height,${EXPRESSIONS.join(",")}`];
    for (let index = 0; index < this.size; index += 1) {
      const [time_ms = 0, ...rest] = this.row(index);
      lines.push(`${new Date(time_ms).toISOString()},${rest.join(",")}`);
    }
    return `${lines.join("\n")}\n`;
  }

  private at(index: number): number {
    return (this.start + index) % this.most;
  }

  private row(index: number): Float64Array {
    const from = this.at(index) * WIDTH;
    return this.rows.subarray(from, from + WIDTH);
  }

  private grow(): void {
    const room = this.rows.length / WIDTH;
    if (this.size < room || room >= this.most) return;
    const rows = new Float64Array(Math.min(2 * room, this.most) * WIDTH);
    rows.set(this.rows);
    this.rows = rows;
  }
}
