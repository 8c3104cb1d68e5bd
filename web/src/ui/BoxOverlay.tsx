import { type MouseEvent, useEffect, useRef } from "react";
import styles from "./BoxOverlay.module.css";
import { boxAt, drawBoxes, type LabelledBox } from "./boxes.ts";

interface Props {
  /** Says in words what is drawn. */
  label: string;
  boxes: readonly LabelledBox[];
  /** Of the picture below, in pixels; boxes are in these. */
  sourceSize: readonly [number, number];
  selected: number | null;
  onSelect: (key: number) => void;
  /** Whether the picture below is shown as in a mirror. */
  mirrored?: boolean;
}

/**
 * A canvas that covers its positioned parent and draws boxes over the picture there; a click selects one. For the
 * keyboard there has to be another way beside it.
 */
export function BoxOverlay({ label, boxes, sourceSize, selected, onSelect, mirrored = false }: Props) {
  const ref = useRef<HTMLCanvasElement>(null);
  const [width, height] = sourceSize;

  const draw = useRef(() => {});

  useEffect(() => {
    draw.current = () => {
      if (ref.current !== null) drawBoxes(ref.current, boxes, { sourceSize: [width, height], selected, mirrored });
    };
    draw.current();
  }, [boxes, width, height, selected, mirrored]);

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
      onClick={(event) => {
        const key = pointed(event);
        if (key !== null) onSelect(key);
      }}
      onMouseMove={(event) => {
        event.currentTarget.style.cursor = pointed(event) === null ? "" : "pointer";
      }}
    />
  );
}
