import type { Face } from "../../../api/client.ts";

/** What the server says over `/stream`; docs/streaming.md describes it. */
export interface LiveFace extends Face {
  /** Stays the same for a face as long as the connection lasts. */
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

/** Null for an unknown type: a newer server may send more. */
export function parseMessage(text: string): ServerMessage | null {
  const message = JSON.parse(text) as { type?: unknown };
  return message.type === "ready" || message.type === "result" || message.type === "error"
    ? (message as ServerMessage)
    : null;
}

export const CLOSED_AS_IDLE = 4408;
/** Not sent by the server: this side gave up a silent connection. */
export const CLOSED_AS_SILENT = 4000;
/** Close codes after which reconnecting would only be refused again. */
export const CLOSED_FOR_GOOD = [1003, 1008, 1009];
