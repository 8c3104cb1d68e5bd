import type { Prediction } from "../../../api/client.ts";
import { ApiError } from "../../../api/errors.ts";
import { backOff_ms } from "./back_off.ts";
import { FrameMeter } from "./frame_meter.ts";
import { CLOSED_AS_IDLE, CLOSED_AS_SILENT, CLOSED_FOR_GOOD, type LiveFace } from "./protocol.ts";
import { type SentFrame, StreamSocket } from "./stream_socket.ts";

/**
 * `http`: frames go one by one, without ids that last and without smoothing. `stalled`: a server that is there does not
 * answer; `refused`: it answers, but takes no frames for now; `lost`: there is none. `waiting`: the camera gives no frames.
 */
export type Link = "connecting" | "socket" | "http" | "stalled" | "refused" | "lost" | "waiting";

export interface LiveView {
  link: Link;
  paused: boolean;
  /** Null while it is not known which faces there are. */
  faces: readonly LiveFace[] | null;
  imageSize: readonly [number, number] | null;
  /** The very picture that the faces were found in. */
  frame: Blob | null;
  /** The version that answered. */
  model: string | null;
  fps: number | null;
  latency_ms: number | null;
}

export interface Parts {
  openSocket: () => WebSocket;
  predict: (frame: Blob, signal: AbortSignal) => Promise<Prediction>;
  now_ms: () => number;
  /** Called with every answer while the video runs. */
  onAnswer?: (faces: readonly LiveFace[]) => void;
}

type Answer = Pick<Prediction, "image_size" | "model_version"> & { faces: LiveFace[] };

const NOTHING: LiveView = {
  link: "connecting",
  paused: false,
  faces: null,
  imageSize: null,
  frame: null,
  model: null,
  fps: null,
  latency_ms: null,
};
const HTTP_REST_AFTER_FAILURE_MS = 1000;
/** After this long without an answer, what is shown may no longer be true. */
const SILENCE_MS = 3000;
const WATCH_EVERY_MS = 250;

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
  private offered_ms = 0;
  /** Since when an answer has been due: the last answer, or the first request after it. */
  private silentSince_ms = 0;
  private watch: ReturnType<typeof setInterval> | null = null;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getView = (): LiveView => this.view;

  /** Call this for each frame of the camera; `encode` is called only if the frame is wanted. */
  async offer(encode: () => Promise<Blob>): Promise<void> {
    if (this.abort.signal.aborted) return;
    this.offered_ms = this.parts.now_ms();
    this.startWatch();
    if (this.view.paused || this.encoding) return;
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
    this.silentSince_ms = this.parts.now_ms();
    this.show({ paused: false, fps: null, latency_ms: null });
  }

  stop(): void {
    this.abort.abort();
    if (this.watch !== null) clearInterval(this.watch);
    this.socket?.close();
    this.socket = null;
  }

  private startWatch(): void {
    if (this.watch !== null) return;
    this.silentSince_ms = this.parts.now_ms();
    this.watch = setInterval(() => this.lookAround(), WATCH_EVERY_MS);
  }

  /** Withdraw what is no longer known, and give up a connection that has gone silent. */
  private lookAround(): void {
    const now_ms = this.parts.now_ms();
    if (this.view.paused || now_ms - this.silentSince_ms < SILENCE_MS) return;
    if (now_ms - this.offered_ms >= SILENCE_MS) {
      if (this.view.link !== "waiting") this.unknown("waiting");
      return;
    }
    this.silentSince_ms = now_ms;
    const { socket } = this;
    if (socket !== null) {
      this.closed(CLOSED_AS_SILENT);
      socket.close();
    }
    this.unknown("stalled");
  }

  private wantedBy(): "socket" | "http" | null {
    const now_ms = this.parts.now_ms();
    if (this.socket?.wantsFrame) return now_ms - this.lastSent_ms >= this.socket.interval_ms ? "socket" : null;
    const unreachable = this.failures > 0 || !this.socketAllowed;
    return !this.talking && unreachable && this.http === "free" && now_ms >= this.httpAt_ms ? "http" : null;
  }

  /** Whether the socket is open and has answered the handshake. */
  private get talking(): boolean {
    return this.socket?.isReady ?? false;
  }

  private connect(): void {
    if (this.socket !== null || !this.socketAllowed || this.parts.now_ms() < this.retryAt_ms) return;
    const socket = new StreamSocket(this.parts.openSocket(), {
      onReady: () => {
        this.failures = 0;
        this.meter.reset();
        this.silentSince_ms = this.parts.now_ms();
        this.show({ link: "socket" });
      },
      onResult: (result, frame) => {
        if (socket === this.socket) this.answer("socket", result, frame);
      },
      onError: () => {
        this.silentSince_ms = this.parts.now_ms(); // it answers, if not with faces
      },
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
    if (this.view.link === "socket") this.unknown("lost");
  }

  private async sendOverHttp(frame: SentFrame): Promise<void> {
    this.http = "busy";
    try {
      const { faces, image_size, model_version } = await this.parts.predict(frame.blob, this.abort.signal);
      if (this.talking) return;
      if (this.view.link !== "http" && this.view.link !== "connecting") this.retryAt_ms = 0; // perhaps the socket is back, too
      const tracked = faces.map((face, index) => ({ ...face, track: index + 1 }));
      this.answer("http", { faces: tracked, image_size, model_version }, frame);
    } catch (error) {
      this.httpAt_ms = this.parts.now_ms() + HTTP_REST_AFTER_FAILURE_MS;
      if (!this.talking && !this.abort.signal.aborted) this.unknown(linkAfter(error));
    } finally {
      this.http = "free";
    }
  }

  private unknown(link: Link): void {
    this.meter.reset();
    this.show({ link, ...(!this.view.paused && { faces: null }), fps: null, latency_ms: null });
  }

  private answer(link: Link, { faces, image_size, model_version }: Answer, frame: SentFrame): void {
    const now_ms = this.parts.now_ms();
    this.silentSince_ms = now_ms;
    if (this.view.paused) return;
    this.meter.add(now_ms, now_ms - frame.taken_ms);
    const imageSize = [image_size[0] ?? 1, image_size[1] ?? 1] as const;
    this.show({ link, faces, imageSize, model: model_version, frame: frame.blob, ...this.meter.read(now_ms) });
    this.parts.onAnswer?.(faces);
  }

  private show(change: Partial<LiveView>): void {
    this.view = { ...this.view, ...change };
    for (const listener of this.listeners) listener();
  }
}

/** What a failed request says of the server. */
function linkAfter(error: unknown): Link {
  const code = error instanceof ApiError ? error.code : "unreachable";
  if (code === "timeout") return "stalled";
  return code === "unreachable" || code === "offline" ? "lost" : "refused";
}
