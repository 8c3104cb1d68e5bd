import type { Prediction } from "../../api/client.ts";
import { backOff_ms } from "./back_off.ts";
import { FrameMeter } from "./frame_meter.ts";
import { CLOSED_AS_IDLE, CLOSED_FOR_GOOD, type LiveFace } from "./protocol.ts";
import { type SentFrame, StreamSocket } from "./stream_socket.ts";

/** `http`: frames go one by one, without ids that last and without smoothing. */
export type Link = "connecting" | "socket" | "http" | "lost";

export interface LiveView {
  link: Link;
  paused: boolean;
  faces: readonly LiveFace[];
  imageSize: readonly [number, number] | null;
  /** The very picture that the faces were found in. */
  frame: Blob | null;
  fps: number | null;
  latency_ms: number | null;
}

export interface Parts {
  openSocket: () => WebSocket;
  predict: (frame: Blob, signal: AbortSignal) => Promise<Prediction>;
  now_ms: () => number;
}

const NOTHING: LiveView = {
  link: "connecting",
  paused: false,
  faces: [],
  imageSize: null,
  frame: null,
  fps: null,
  latency_ms: null,
};
const HTTP_REST_AFTER_FAILURE_MS = 1000;

/**
 * Live recognition: takes a camera's frames, sends as many as are answered in time, and shows the latest answer.
 *
 * The socket is opened when there is a frame to send. While it cannot be, frames go over HTTP, and the socket is
 * tried again with growing pauses; so a server that went away and came back is found by itself.
 */
export class LiveSession {
  private view = NOTHING;
  private readonly listeners = new Set<() => void>();
  private readonly meter = new FrameMeter();
  private readonly abort = new AbortController();
  private readonly parts: Parts;
  private socket: StreamSocket | null = null;
  private failures = 0;
  private retryAt_ms = 0;
  private socketAllowed = true;
  private encoding = false;
  private lastSent_ms = Number.NEGATIVE_INFINITY;
  private http: "free" | "busy" = "free";
  private httpAt_ms = 0;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getView = (): LiveView => this.view;

  /** To be called for each frame of the camera; `encode` is asked only where the frame is wanted. */
  async offer(encode: () => Promise<Blob>): Promise<void> {
    if (this.view.paused || this.encoding || this.abort.signal.aborted) return;
    this.connect();
    const link = this.wantedBy();
    if (link === null) return;
    this.encoding = true;
    const taken_ms = this.parts.now_ms();
    this.lastSent_ms = taken_ms;
    try {
      const blob = await encode();
      const frame = { blob, bytes: await blob.arrayBuffer(), taken_ms };
      if (this.view.paused) return;
      if (link === "socket") this.socket?.send(frame);
      else void this.sendOverHttp(frame);
    } finally {
      this.encoding = false;
    }
  }

  /** The faces and their frame stay as they are until `resume`. */
  pause(): void {
    this.show({ paused: true });
  }

  resume(): void {
    this.meter.reset();
    this.show({ paused: false, fps: null, latency_ms: null });
  }

  stop(): void {
    this.abort.abort();
    this.socket?.close();
    this.socket = null;
  }

  private wantedBy(): "socket" | "http" | null {
    const now_ms = this.parts.now_ms();
    if (this.socket?.wantsFrame) return now_ms - this.lastSent_ms >= this.socket.interval_ms ? "socket" : null;
    const unreachable = this.failures > 0 || !this.socketAllowed;
    return this.view.link !== "socket" && unreachable && this.http === "free" && now_ms >= this.httpAt_ms
      ? "http"
      : null;
  }

  private connect(): void {
    if (this.socket !== null || !this.socketAllowed || this.parts.now_ms() < this.retryAt_ms) return;
    const socket = new StreamSocket(this.parts.openSocket(), {
      onReady: () => {
        this.failures = 0;
        this.meter.reset();
        this.show({ link: "socket" });
      },
      onResult: (result, frame) => this.answer(result.faces, result.image_size, frame),
      onClose: (code) => socket === this.socket && this.closed(code),
    });
    this.socket = socket;
  }

  private closed(code: number): void {
    this.socket = null;
    if (this.abort.signal.aborted || code === CLOSED_AS_IDLE) return;
    this.failures += 1;
    this.socketAllowed = !CLOSED_FOR_GOOD.includes(code);
    this.retryAt_ms = this.parts.now_ms() + backOff_ms(this.failures, Math.random());
    if (this.view.link === "socket") this.lost();
  }

  private async sendOverHttp(frame: SentFrame): Promise<void> {
    this.http = "busy";
    try {
      const { faces, image_size } = await this.parts.predict(frame.blob, this.abort.signal);
      if (this.view.link === "socket") return;
      if (this.view.link === "lost") this.retryAt_ms = 0; // the server is back, so the socket may be too
      if (this.view.link !== "http") this.show({ link: "http" });
      this.answer(
        faces.map((face, index) => ({ ...face, track: index + 1 })),
        [image_size[0] ?? 1, image_size[1] ?? 1],
        frame,
      );
    } catch {
      this.httpAt_ms = this.parts.now_ms() + HTTP_REST_AFTER_FAILURE_MS;
      if (this.view.link !== "socket" && !this.abort.signal.aborted) this.lost();
    } finally {
      this.http = "free";
    }
  }

  private lost(): void {
    this.meter.reset();
    this.show({ link: "lost", ...(!this.view.paused && { faces: [] }), fps: null, latency_ms: null });
  }

  private answer(faces: LiveFace[], imageSize: [number, number], frame: SentFrame): void {
    if (this.view.paused) return;
    const now_ms = this.parts.now_ms();
    this.meter.add(now_ms, now_ms - frame.taken_ms);
    this.show({ faces, imageSize, frame: frame.blob, ...this.meter.read(now_ms) });
  }

  private show(change: Partial<LiveView>): void {
    this.view = { ...this.view, ...change };
    for (const listener of this.listeners) listener();
  }
}
