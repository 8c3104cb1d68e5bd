import { type Face, type Label, type Receipt, saveFeedback, withdraw } from "../../api/client.ts";
import { ApiError } from "../../api/errors.ts";
import { idempotencyKey } from "./idempotency_key.ts";
import { markWithdrawn, remember } from "./receipts.ts";
import { thumbnailOf } from "./thumbnail.ts";

export type CorrectionState =
  | { status: "choosing"; label: Label | null }
  | { status: "sending"; label: Label }
  | { status: "failed"; label: Label; error: unknown }
  | { status: "sent"; label: Label; receipt: Receipt }
  | { status: "undoing"; label: Label; receipt: Receipt }
  | { status: "stuck"; label: Label; receipt: Receipt; error: unknown }
  | { status: "undone"; label: Label };

/** Delays before the automatic retries. */
const RETRY_AFTER_MS = [600, 2000];
const NOTHING: CorrectionState = { status: "choosing", label: null };

interface Entry {
  state: CorrectionState;
  /** Made when the label is chosen; every attempt to send that correction carries it. */
  key: string;
}

/** What survives a reload: what was sent, and the keys with which the rest can be sent again. */
export type SavedCorrections = readonly [
  face: number,
  entry: { label: Label | null; receipt: Receipt | null; undone: boolean; key: string },
][];

export type CorrectedFace = Pick<Face, "box" | "expression">;

/** The corrections of one picture's faces, each face with a key of its own. */
export class Corrections {
  private readonly picture: Blob;
  private readonly modelVersion: () => string | null;
  private readonly entries: Map<number, Entry>;
  private readonly listeners = new Set<() => void>();
  private changes = 0;

  constructor(picture: Blob, modelVersion: () => string | null, saved: SavedCorrections = []) {
    this.picture = picture;
    this.modelVersion = modelVersion;
    this.entries = new Map(saved.map(([face, entry]) => [face, { state: stateOf(entry), key: entry.key }]));
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** A number that differs after each change. */
  readonly version = (): number => this.changes;

  of(face: number): CorrectionState {
    return this.entries.get(face)?.state ?? NOTHING;
  }

  choose(face: number, label: Label | null): void {
    this.update(face, { state: { status: "choosing", label }, key: idempotencyKey() });
  }

  async send(face: number, { box, expression: predicted }: CorrectedFace): Promise<void> {
    const entry = this.entries.get(face);
    if (entry === undefined || (entry.state.status !== "choosing" && entry.state.status !== "failed")) return;
    const { label } = entry.state;
    if (label === null) return;
    this.update(face, { ...entry, state: { status: "sending", label } });
    const { picture } = this;
    try {
      const correction = {
        picture,
        box,
        label,
        predicted,
        modelVersion: this.modelVersion(),
        idempotencyKey: entry.key,
      };
      const receipt = await sendPatiently(correction);
      const thumbnail = await thumbnailOf(picture, box);
      remember({ ...receipt, label, thumbnail, sent: new Date().toISOString(), withdrawn: false });
      this.update(face, { ...entry, state: { status: "sent", label, receipt } });
    } catch (error) {
      this.update(face, { ...entry, state: { status: "failed", label, error } });
    }
  }

  /** Take back what was sent. */
  async undo(face: number): Promise<void> {
    const entry = this.entries.get(face);
    if (entry === undefined || (entry.state.status !== "sent" && entry.state.status !== "stuck")) return;
    const { label, receipt } = entry.state;
    this.update(face, { ...entry, state: { status: "undoing", label, receipt } });
    try {
      await withdraw(receipt.receipt);
      markWithdrawn(receipt.receipt);
      this.update(face, { ...entry, state: { status: "undone", label } });
    } catch (error) {
      this.update(face, { ...entry, state: { status: "stuck", label, receipt, error } });
    }
  }

  saved(): SavedCorrections {
    return [...this.entries].map(([face, { state, key }]) => [
      face,
      {
        label: state.label,
        receipt: "receipt" in state ? state.receipt : null,
        undone: state.status === "undone",
        key,
      },
    ]);
  }

  private update(face: number, entry: Entry): void {
    this.entries.set(face, entry);
    this.changes += 1;
    for (const listener of this.listeners) listener();
  }
}

function stateOf({ label, receipt, undone }: SavedCorrections[number][1]): CorrectionState {
  if (label === null) return NOTHING;
  if (undone) return { status: "undone", label };
  return receipt === null ? { status: "choosing", label } : { status: "sent", label, receipt };
}

async function sendPatiently(correction: Parameters<typeof saveFeedback>[0]): Promise<Receipt> {
  for (const wait_ms of RETRY_AFTER_MS) {
    try {
      return await saveFeedback(correction);
    } catch (error) {
      // After a whole time-out nobody wants to wait for another one unasked.
      if (!(error instanceof ApiError && error.retryable) || error.code === "timeout") throw error;
      await new Promise((resolve) => setTimeout(resolve, wait_ms));
    }
  }
  return saveFeedback(correction);
}
