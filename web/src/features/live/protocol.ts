import type { Face } from "../../api/client.ts";

/** What the server says over `/stream`; docs/streaming.md describes it. */
export interface LiveFace extends Face {
  /** The same for the same face as long as the connection lasts. */
  track: number;
}

export interface Limits {
  max_frame_bytes: number;
  max_frames_per_second: number;
  idle_timeout_s: number;
}

export type ServerMessage =
  | { type: "ready"; model_version: string; limits: Limits }
  | {
      type: "result";
      frame: number;
      skipped: number;
      image_size: [number, number];
      server_ms: number;
      model_version: string;
      faces: LiveFace[];
    }
  | { type: "error"; frame: number; code: string; error: string };

/** Types that are not known are null: a newer server may say more. */
export function parseMessage(text: string): ServerMessage | null {
  const message = JSON.parse(text) as { type?: unknown };
  return message.type === "ready" || message.type === "result" || message.type === "error"
    ? (message as ServerMessage)
    : null;
}

export const CLOSED_AS_IDLE = 4408;
/** Not the server's: this side gave up a connection that said nothing. */
export const CLOSED_AS_SILENT = 4000;
/** Closings after which the same client would only be closed again. */
export const CLOSED_FOR_GOOD = [1003, 1008, 1009];
