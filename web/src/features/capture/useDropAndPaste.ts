import { useEffect, useState } from "react";
import type { Bring } from "./usePicture.ts";

/** Take files that are dropped anywhere on the page or pasted; true while one hovers over it. */
export function useDropAndPaste(bring: Bring): boolean {
  const [hovering, setHovering] = useState(false);

  useEffect(() => {
    const take = (files: FileList | undefined, event: Event) => {
      const file = files?.[0];
      if (file === undefined) return;
      event.preventDefault();
      void bring(file, file.name);
    };
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault(); // or the browser leaves the page to show the file
      setHovering(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setHovering(false);
    };
    const drop = (event: DragEvent) => {
      setHovering(false);
      take(event.dataTransfer?.files, event);
    };
    const paste = (event: ClipboardEvent) => take(event.clipboardData?.files, event);

    window.addEventListener("dragover", over);
    window.addEventListener("dragleave", leave);
    window.addEventListener("drop", drop);
    window.addEventListener("paste", paste);
    return () => {
      window.removeEventListener("dragover", over);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("drop", drop);
      window.removeEventListener("paste", paste);
    };
  }, [bring]);

  return hovering;
}
