import { useCallback, useRef, useState } from "react";
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

interface Entry {
  state: CorrectionState;
  /** Made when the label is chosen; every try of that correction carries it. */
  key: string;
}

/** The corrections of one picture's faces, each face with a key of its own. */
export function useCorrections(picture: Blob) {
  const [entries, setEntries] = useState<ReadonlyMap<number, Entry>>(new Map());
  const latest = useRef(entries);

  const update = useCallback((face: number, entry: Entry) => {
    latest.current = new Map(latest.current).set(face, entry);
    setEntries(latest.current);
  }, []);

  const choose = useCallback(
    (face: number, label: Label) => update(face, { state: { status: "choosing", label }, key: idempotencyKey() }),
    [update],
  );

  const send = useCallback(
    async (face: number, box: Box) => {
      const entry = latest.current.get(face);
      const label = entry?.state.label;
      if (entry === undefined || !label || entry.state.status === "sending" || entry.state.status === "sent") return;
      update(face, { ...entry, state: { status: "sending", label } });
      try {
        await sendPatiently({ picture, box, label, idempotencyKey: entry.key });
        update(face, { ...entry, state: { status: "sent", label } });
      } catch (error) {
        update(face, { ...entry, state: { status: "failed", label, error } });
      }
    },
    [picture, update],
  );

  const stateOf = (face: number): CorrectionState => entries.get(face)?.state ?? { status: "choosing", label: null };
  return { stateOf, choose, send };
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
