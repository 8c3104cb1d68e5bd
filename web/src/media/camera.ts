import { useCallback, useEffect, useRef, useState } from "react";

export type CameraProblem = "refused" | "missing" | "busy" | "insecure";

export type Camera =
  | { status: "off" }
  | { status: "starting" }
  | { status: "on"; stream: MediaStream; mirrored: boolean }
  | { status: "failed"; problem: CameraProblem };

export type Facing = "user" | "environment";

/** The camera, opened by `start` and released by `stop`, when the component goes, or by the system. */
export function useCamera() {
  const [camera, setCamera] = useState<Camera>({ status: "off" });
  const opened = useRef<MediaStream | null>(null);
  const attempt = useRef(0);

  const release = useCallback(() => {
    attempt.current += 1;
    for (const track of opened.current?.getTracks() ?? []) track.stop();
    opened.current = null;
  }, []);

  const stop = useCallback(() => {
    release();
    setCamera({ status: "off" });
  }, [release]);

  const start = useCallback(
    async (facing: Facing = "user") => {
      release();
      const mine = attempt.current;
      setCamera({ status: "starting" });
      try {
        const stream = await open(facing);
        if (mine !== attempt.current) {
          for (const track of stream.getTracks()) track.stop();
          return;
        }
        opened.current = stream;
        const [track] = stream.getVideoTracks();
        track?.addEventListener(
          "ended",
          () => mine === attempt.current && setCamera({ status: "failed", problem: "missing" }),
        );
        setCamera({ status: "on", stream, mirrored: track?.getSettings().facingMode !== "environment" });
      } catch (error) {
        if (mine === attempt.current) setCamera({ status: "failed", problem: problemOf(error) });
      }
    },
    [release],
  );

  useEffect(() => release, [release]);
  return { camera, start, stop };
}

async function open(facing: Facing): Promise<MediaStream> {
  // Browsers hide the camera from pages that were not loaded over a secure connection.
  if (navigator.mediaDevices === undefined) throw new DOMException("", "SecurityError");
  return navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { facingMode: facing, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
  });
}

function problemOf(error: unknown): CameraProblem {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError") return "refused";
  if (name === "SecurityError") return "insecure";
  return name === "NotReadableError" || name === "AbortError" ? "busy" : "missing";
}
