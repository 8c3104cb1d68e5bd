import { type Prediction, predict } from "../api/client.ts";
import { Corrections, type SavedCorrections } from "../features/feedback/corrections.ts";
import * as store from "../media/browser_store.ts";
import { type Picture, preparePicture } from "../media/pictures.ts";

export type Outcome =
  | { status: "preparing" }
  | { status: "waiting" }
  | { status: "done"; prediction: Prediction }
  | { status: "failed"; error: unknown }
  | { status: "cancelled" };

/** One photo on the desk, with its answer and its corrections. */
export interface Entry {
  readonly id: number;
  readonly name: string;
  readonly picture: Picture | null;
  readonly outcome: Outcome;
  /** The index of the selected face in the server's order. */
  readonly selected: number;
  readonly corrections: Corrections | null;
  readonly kept: store.Kept;
}

export interface NamedFile {
  file: Blob;
  name: string;
}

interface SavedEntry {
  id: number;
  name: string;
  type: string;
  size: readonly [number, number];
  prediction: Prediction | null;
  selected: number;
  corrections: SavedCorrections;
}

const LIST_KEY = "desk";
const pictureKey = (id: number) => `desk-photo-${id}`;

/**
 * The photos of this tab. They are processed one after the other, stay whichever view is open, and survive a reload as
 * far as the tab's storage allows; nothing of them outlives the tab.
 */
export class Desk {
  private entries: readonly Entry[] = [];
  private readonly listeners = new Set<() => void>();
  private readonly files = new Map<number, Blob>();
  private working: { id: number; abort: AbortController } | null = null;
  private lastId = 0;

  constructor() {
    this.restore();
    void this.work();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly all = (): readonly Entry[] => this.entries;

  /** Put files on the desk and return their ids in the same order. */
  add(files: readonly NamedFile[]): number[] {
    const added = files.map(({ file, name }): Entry => {
      this.lastId += 1;
      this.files.set(this.lastId, file);
      const outcome: Outcome = { status: "preparing" };
      return { id: this.lastId, name, picture: null, outcome, selected: 0, corrections: null, kept: "kept" };
    });
    this.show([...this.entries, ...added]);
    void this.work();
    return added.map(({ id }) => id);
  }

  select(id: number, face: number): void {
    this.change(id, { selected: face });
  }

  readonly retry = (id: number): void => {
    const entry = this.entries.find((one) => one.id === id);
    if (entry === undefined) return;
    this.change(id, { outcome: { status: entry.picture === null ? "preparing" : "waiting" } });
    void this.work();
  };

  readonly cancel = (id: number): void => {
    this.change(id, { outcome: { status: "cancelled" } });
    if (this.working?.id === id) this.working.abort.abort();
  };

  clear(): void {
    this.working?.abort.abort();
    for (const { id } of this.entries) store.remove(pictureKey(id), "tab");
    this.files.clear();
    this.show([]);
  }

  private async work(): Promise<void> {
    if (this.working !== null) return;
    const next = this.entries.find(({ outcome: { status } }) => status === "preparing" || status === "waiting");
    if (next === undefined) return;
    const abort = new AbortController();
    this.working = { id: next.id, abort };
    try {
      const picture = next.picture ?? (await this.prepare(next));
      this.changeUnlessStopped(next.id, abort, { outcome: { status: "waiting" } });
      const prediction = await predict(picture.blob, abort.signal);
      this.changeUnlessStopped(next.id, abort, { outcome: { status: "done", prediction }, selected: 0 });
    } catch (error) {
      this.changeUnlessStopped(next.id, abort, { outcome: { status: "failed", error } });
    }
    this.working = null;
    void this.work();
  }

  private async prepare({ id, name }: Entry): Promise<Picture> {
    const picture = await preparePicture(this.files.get(id) ?? new Blob(), name);
    this.files.delete(id);
    const kept = store.write(pictureKey(id), await store.toBase64(picture.blob), "tab");
    this.change(id, {
      picture,
      kept,
      corrections: this.watched(new Corrections(picture.blob, () => this.modelOf(id))),
    });
    return picture;
  }

  private modelOf(id: number): string | null {
    const outcome = this.entries.find((entry) => entry.id === id)?.outcome;
    return outcome?.status === "done" ? outcome.prediction.model_version : null;
  }

  private watched(corrections: Corrections): Corrections {
    corrections.subscribe(() => this.show(this.entries));
    return corrections;
  }

  private changeUnlessStopped(id: number, abort: AbortController, change: Partial<Entry>): void {
    if (!abort.signal.aborted) this.change(id, change);
  }

  private change(id: number, change: Partial<Entry>): void {
    this.show(this.entries.map((entry) => (entry.id === id ? { ...entry, ...change } : entry)));
  }

  private show(entries: readonly Entry[]): void {
    this.entries = entries;
    store.write(LIST_KEY, JSON.stringify(entries.flatMap(saved)), "tab");
    for (const listener of this.listeners) listener();
  }

  private restore(): void {
    try {
      const list = JSON.parse(store.read(LIST_KEY, "tab") ?? "[]") as SavedEntry[];
      this.entries = list.flatMap((one) => this.restored(one));
    } catch {
      this.entries = []; // written by another version of the page
    }
    this.lastId = Math.max(0, ...this.entries.map(({ id }) => id));
  }

  private restored({ id, name, type, size, prediction, selected, corrections }: SavedEntry): Entry[] {
    const base64 = store.read(pictureKey(id), "tab");
    if (base64 === null) return [];
    const picture = { blob: store.fromBase64(base64, type), name, size };
    const outcome: Outcome = prediction === null ? { status: "waiting" } : { status: "done", prediction };
    const watched = this.watched(new Corrections(picture.blob, () => this.modelOf(id), corrections));
    return [{ id, name, picture, outcome, selected, corrections: watched, kept: "kept" }];
  }
}

function saved({ id, name, picture, outcome, selected, corrections, kept }: Entry): SavedEntry[] {
  if (picture === null || kept !== "kept") return [];
  const { blob, size } = picture;
  const prediction = outcome.status === "done" ? outcome.prediction : null;
  return [{ id, name, type: blob.type, size, prediction, selected, corrections: corrections?.saved() ?? [] }];
}
