/** 128 random bits as hexadecimal; unlike randomUUID, also on a page that came over plain http. */
export function idempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
