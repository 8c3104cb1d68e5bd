/**
 * Text that the browser keeps for the page: `tab` through reloads until the tab is closed, `browser` for good. If the
 * browser forbids storage or is out of space, `write` says so and nothing is kept.
 */
export type Kept = "kept" | "blocked" | "full";
type Place = "tab" | "browser";

function storageOf(place: Place): Storage {
  return place === "tab" ? sessionStorage : localStorage; // where storage is blocked, even this throws
}

export function read(key: string, place: Place): string | null {
  try {
    return storageOf(place).getItem(key);
  } catch {
    return null;
  }
}

export function write(key: string, text: string, place: Place): Kept {
  try {
    storageOf(place).setItem(key, text);
    return "kept";
  } catch (error) {
    return error instanceof DOMException && error.name === "QuotaExceededError" ? "full" : "blocked";
  }
}

export function remove(key: string, place: Place): void {
  try {
    storageOf(place).removeItem(key);
  } catch {
    // Then nothing can have been kept.
  }
}

export async function toBase64(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let binary = "";
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary);
}

export function fromBase64(base64: string, type: string): Blob {
  return new Blob([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))], { type });
}
