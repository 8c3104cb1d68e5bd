import { type Box, type Label, saveFeedback } from "../../api/client.ts";
import { ApiError } from "../../api/errors.ts";
import { idempotencyKey } from "./idempotency_key.ts";

export type CorrectionState =
  | { status: "choosing"; label: Label | null }
  | { status: "sending"; label: Label }
  | { status: "failed"; label: Label; error: unknown }
  | { status: "sent"; label: Label };

/** Waits before the tries after the first, which need nobody to click. */
const RETRY_AFTER_MS = [600, 2000];
const NOTHING: CorrectionState = { status: "choosing", label: null };

interface Entry {
  state: CorrectionState;
  /** Made when the label is chosen; every try of that correction carries it. */
  key: string;
}

/** What survives a reload: labels that were sent, and the keys with which the others can be sent again. */
export type SavedCorrections = readonly [face: number, entry: { label: Label | null; sent: boolean; key: string }][];

/** The corrections of one picture's faces, each face with a key of its own. */
export class Corrections {
  private readonly picture: Blob;
  private readonly entries: Map<number, Entry>;
  private readonly listeners = new Set<() => void>();
  private changes = 0;

  constructor(picture: Blob, saved: SavedCorrections = []) {
    this.picture = picture;
    this.entries = new Map(saved.map(([face, { label, sent, key }]) => [face, { state: stateOf(label, sent), key }]));
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Another number after each change. */
  readonly version = (): number => this.changes;

  of(face: number): CorrectionState {
    return this.entries.get(face)?.state ?? NOTHING;
  }

  choose(face: number, label: Label | null): void {
    this.update(face, { state: { status: "choosing", label }, key: idempotencyKey() });
  }

  async send(face: number, box: Box): Promise<void> {
    const entry = this.entries.get(face);
    const label = entry?.state.label;
    if (entry === undefined || !label || entry.state.status === "sending" || entry.state.status === "sent") return;
    this.update(face, { ...entry, state: { status: "sending", label } });
    try {
      await sendPatiently({ picture: this.picture, box, label, idempotencyKey: entry.key });
      this.update(face, { ...entry, state: { status: "sent", label } });
    } catch (error) {
      this.update(face, { ...entry, state: { status: "failed", label, error } });
    }
  }

  saved(): SavedCorrections {
    return [...this.entries].map(([face, { state, key }]) => [
      face,
      { label: state.label, sent: state.status === "sent", key },
    ]);
  }

  private update(face: number, entry: Entry): void {
    this.entries.set(face, entry);
    this.changes += 1;
    for (const listener of this.listeners) listener();
  }
}

function stateOf(label: Label | null, sent: boolean): CorrectionState {
  return sent && label !== null ? { status: "sent", label } : { status: "choosing", label };
}

async function sendPatiently(correction: Parameters<typeof saveFeedback>[0]): Promise<void> {
  for (const wait_ms of RETRY_AFTER_MS) {
    try {
      return await saveFeedback(correction);
    } catch (error) {
      if (!(error instanceof ApiError && error.retryable)) throw error;
      await new Promise((resolve) => setTimeout(resolve, wait_ms));
    }
  }
  return saveFeedback(correction);
}
