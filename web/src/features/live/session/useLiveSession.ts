import { type RefObject, useEffect, useState, useSyncExternalStore } from "react";
import { predict, streamUrl } from "../../../api/client.ts";
import { drawn, fitted } from "../../../media/pictures.ts";
import type { SessionLog } from "../session_log.ts";
import { LiveSession } from "./live_session.ts";

const FRAME_LONGEST_SIDE_PX = 640;
const FRAME_QUALITY = 0.8;
/** After this long a frame is stale; the next one is better. */
const HTTP_TIMEOUT_MS = 10_000;

/** Run recognition on a video element for as long as the component is mounted, and log the answers. */
export function useLiveSession(video: RefObject<HTMLVideoElement | null>, log: SessionLog) {
  const [session, setSession] = useState(() => newSession(log));
  const view = useSyncExternalStore(session.subscribe, session.getView);

  useEffect(() => {
    const element = video.current;
    if (element === null) return;
    const mine = newSession(log);
    setSession(mine);
    const canvas = document.createElement("canvas");
    const stopFrames = eachFrame(element, () => {
      const size = fitted([element.videoWidth, element.videoHeight], FRAME_LONGEST_SIDE_PX);
      mine.offer(() => drawn(element, size, FRAME_QUALITY, canvas)).catch(() => undefined); // a lost frame; there will be another
    });
    return () => {
      stopFrames();
      mine.stop();
    };
  }, [video, log]);

  return { view, session };
}

function newSession(log: SessionLog): LiveSession {
  return new LiveSession({
    openSocket: () => new WebSocket(streamUrl()),
    predict: (frame, signal) => predict(frame, signal, HTTP_TIMEOUT_MS),
    now_ms: () => performance.now(),
    onAnswer: (faces) => log.add(Date.now(), faces),
  });
}

/** Call back for each new frame of a video; browsers pause this while the page is hidden. */
function eachFrame(video: HTMLVideoElement, callback: () => void): () => void {
  let stopped = false;
  const next = () => {
    if (stopped) return;
    if (video.videoWidth > 0) callback();
    schedule();
  };
  const schedule = () =>
    "requestVideoFrameCallback" in video ? video.requestVideoFrameCallback(next) : requestAnimationFrame(next);
  schedule();
  return () => {
    stopped = true;
  };
}
