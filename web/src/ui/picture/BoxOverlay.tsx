import { type MouseEvent, useEffect, useRef, useState } from "react";
import styles from "./BoxOverlay.module.css";
import { boxAt, drawOnScreen, type LabelledBox } from "./boxes.ts";

interface Props {
  /** Says in words what is drawn. */
  label: string;
  boxes: readonly LabelledBox[];
  /** Of the picture below, in pixels; boxes are in these. */
  sourceSize: readonly [number, number];
  selected: number | null;
  onSelect: (key: number) => void;
  /** Whether the picture below is shown mirrored. */
  mirrored?: boolean;
}

/**
 * A canvas that covers its positioned parent and draws boxes over the picture there; a click selects one. It is not
 * reachable by keyboard, so it needs an alternative next to it.
 */
export function BoxOverlay({ label, boxes, sourceSize, selected, onSelect, mirrored = false }: Props) {
  const ref = useRef<HTMLCanvasElement>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  const [width, height] = sourceSize;

  const draw = useRef(() => {});

  useEffect(() => {
    draw.current = () => {
      const drawing = { sourceSize: [width, height] as const, selected, hovered, mirrored };
      if (ref.current !== null) drawOnScreen(ref.current, boxes, drawing);
    };
    draw.current();
  }, [boxes, width, height, selected, hovered, mirrored]);

  useEffect(() => {
    if (ref.current === null) return;
    const observer = new ResizeObserver(() => draw.current());
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);

  function pointed(event: MouseEvent<HTMLCanvasElement>): number | null {
    const bounds = event.currentTarget.getBoundingClientRect();
    const x = ((event.clientX - bounds.left) / bounds.width) * width;
    const y = ((event.clientY - bounds.top) / bounds.height) * height;
    return boxAt(boxes, mirrored ? width - x : x, y);
  }

  return (
    <canvas
      ref={ref}
      className={styles.overlay}
      role="img"
      aria-label={label}
      style={{ cursor: hovered === null ? "" : "pointer" }}
      onClick={(event) => {
        const key = pointed(event);
        if (key !== null) onSelect(key);
      }}
      onMouseMove={(event) => setHovered(pointed(event))}
      onMouseLeave={() => setHovered(null)}
    />
  );
}
