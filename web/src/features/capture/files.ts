import { useEffect, useState } from "react";

export interface TakenFile {
  file: Blob;
  name: string;
}

/** Take files dropped anywhere on the page or pasted; returns true while files hover over it. */
export function useDropAndPaste(take: (files: TakenFile[]) => void): boolean {
  const [hovering, setHovering] = useState(false);

  useEffect(() => {
    const over = (event: DragEvent) => {
      event.preventDefault(); // otherwise the browser leaves the page to show the file
      if (event.dataTransfer?.types.includes("Files")) setHovering(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setHovering(false);
    };
    const drop = (event: DragEvent) => {
      event.preventDefault();
      setHovering(false);
      const files = named(event.dataTransfer?.files);
      if (files.length > 0) take(files);
    };
    const paste = (event: ClipboardEvent) => {
      const files = named(event.clipboardData?.files);
      if (files.length === 0) return;
      event.preventDefault();
      take(files);
    };

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
  }, [take]);

  return hovering;
}

export function named(files: FileList | null | undefined): TakenFile[] {
  return [...(files ?? [])].map((file) => ({ file, name: file.name }));
}
