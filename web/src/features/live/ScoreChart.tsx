import { useEffect, useRef } from "react";
import { COLOURS, EXPRESSIONS } from "../../api/expressions.ts";
import { words } from "../../words/words.ts";
import styles from "./Live.module.css";
import type { SessionLog } from "./session_log.ts";

const SPAN_MS = 60_000;
const REDRAW_MS = 250;
/** A pause in the answers longer than this leaves a gap in the lines. */
const GAP_MS = 1500;

interface Props {
  log: SessionLog;
  /** Null before the first face. */
  track: number | null;
  running: boolean;
}

/** The seven scores of one face over the last minute. */
export function ScoreChart({ log, track, running }: Props) {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const draw = () => ref.current !== null && drawChart(ref.current, log, track);
    draw();
    if (!running) return;
    const timer = setInterval(draw, REDRAW_MS);
    return () => clearInterval(timer);
  }, [log, track, running]);
  return (
    <figure className={styles.chart}>
      <canvas ref={ref} role="img" aria-label={words.live.overTime} />
      <figcaption>
        <span>{words.live.seconds(SPAN_MS / 1000)}</span>
        <span>{words.live.overTime}</span>
        <span>{words.live.now}</span>
      </figcaption>
    </figure>
  );
}

function drawChart(canvas: HTMLCanvasElement, log: SessionLog, track: number | null): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  context.scale(ratio, ratio);
  const end_ms = Date.now();
  const samples = track === null ? [] : log.since(end_ms - SPAN_MS, track);
  context.lineWidth = 1.75;
  context.lineJoin = context.lineCap = "round";
  EXPRESSIONS.forEach((expression, index) => {
    context.beginPath();
    let last_ms = Number.NEGATIVE_INFINITY;
    for (const { time_ms, scores } of samples) {
      const x = width * (1 - (end_ms - time_ms) / SPAN_MS);
      const y = 2 + (height - 4) * (1 - (scores[index] ?? 0));
      // Not the very point: a single answer gives a dot, for which a line needs a length.
      if (time_ms - last_ms > GAP_MS) context.moveTo(x - 0.1, y);
      context.lineTo(x, y);
      last_ms = time_ms;
    }
    context.strokeStyle = COLOURS[expression];
    context.stroke();
  });
}
