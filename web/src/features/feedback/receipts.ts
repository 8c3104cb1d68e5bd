import type { Label, Receipt } from "../../api/client.ts";
import * as store from "../../media/browser_store.ts";

const KEY = "receipts";
/** More would fill the browser's storage; the oldest are dropped first. */
const MOST = 300;

export interface SentCorrection extends Receipt {
  label: Label;
  /** When it was sent, ISO 8601. */
  sent: string;
  /** The face as a small data URL, made and kept in this browser only. */
  thumbnail: string;
  withdrawn: boolean;
}

const listeners = new Set<() => void>();
let latest: readonly SentCorrection[] | null = null;
let outlivesPage = true;

/** What this browser sent, the newest first. */
export function sentCorrections(): readonly SentCorrection[] {
  if (latest === null) {
    try {
      latest = JSON.parse(store.read(KEY, "browser") ?? "[]") as SentCorrection[];
    } catch {
      latest = [];
    }
  }
  return latest;
}

/** Whether the list will survive a reload. */
export function isKept(): boolean {
  return outlivesPage;
}

export function remember(correction: SentCorrection): void {
  const others = sentCorrections().filter(({ receipt }) => receipt !== correction.receipt);
  keep([correction, ...others].slice(0, MOST));
}

export function markWithdrawn(receipt: string): void {
  keep(sentCorrections().map((one) => (one.receipt === receipt ? { ...one, withdrawn: true, thumbnail: "" } : one)));
}

export function forgetAll(): void {
  keep([]);
}

export function onChange(listener: () => void): () => void {
  const elsewhere = (event: StorageEvent) => {
    if (event.key !== KEY) return;
    latest = null; // another tab sent something
    listener();
  };
  listeners.add(listener);
  window.addEventListener("storage", elsewhere);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", elsewhere);
  };
}

function keep(list: readonly SentCorrection[]): void {
  latest = list;
  outlivesPage = store.write(KEY, JSON.stringify(list), "browser") === "kept";
  for (const listener of listeners) listener();
}
