import { type Limits, parseMessage, type ServerMessage } from "./protocol.ts";

/** More would only queue at the server and be stale when processed. */
const MOST_IN_FLIGHT = 2;

export type Result = Extract<ServerMessage, { type: "result" }>;

export interface SocketEvents {
  onReady: (limits: Limits) => void;
  onResult: (result: Result, frame: SentFrame) => void;
  /** A frame could not be used; the connection stays open. */
  onError: () => void;
  onClose: (code: number) => void;
}

export interface SentFrame {
  blob: Blob;
  bytes: ArrayBuffer;
  taken_ms: number;
}

/** One connection to `/stream`: counts frames as the server does and keeps those not answered yet. */
export class StreamSocket {
  private limits: Limits | null = null;
  private frames = 0;
  private readonly inFlight = new Map<number, SentFrame>();
  private readonly socket: WebSocket;

  constructor(socket: WebSocket, events: SocketEvents) {
    this.socket = socket;
    socket.addEventListener("message", ({ data }) => this.hear(String(data), events));
    socket.addEventListener("close", ({ code }) => events.onClose(code));
  }

  get isReady(): boolean {
    return this.limits !== null && this.socket.readyState === 1;
  }

  get wantsFrame(): boolean {
    return this.isReady && this.inFlight.size < MOST_IN_FLIGHT;
  }

  /** The shortest interval between frames that the server accepts, in milliseconds. */
  get interval_ms(): number {
    return this.limits === null ? 0 : 1000 / this.limits.max_frames_per_second;
  }

  send(frame: SentFrame): void {
    if (!this.wantsFrame || frame.bytes.byteLength > (this.limits?.max_frame_bytes ?? 0)) return;
    this.frames += 1;
    this.inFlight.set(this.frames, frame);
    this.socket.send(frame.bytes);
  }

  close(): void {
    this.socket.close();
  }

  private hear(text: string, events: SocketEvents): void {
    const message = parseMessage(text);
    if (message?.type === "ready") {
      this.limits = message.limits;
      events.onReady(message.limits);
    } else if (message !== null) {
      const frame = this.answered(message.frame);
      if (message.type === "error") events.onError();
      else if (frame !== undefined) events.onResult(message, frame);
    }
  }

  /** An answer to a frame also settles all earlier ones: they were skipped. */
  private answered(id: number): SentFrame | undefined {
    const frame = this.inFlight.get(id);
    for (const older of [...this.inFlight.keys()]) if (older <= id) this.inFlight.delete(older);
    return frame;
  }
}
