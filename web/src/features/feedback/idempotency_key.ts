/** 128 random bits in hexadecimal; unlike randomUUID, available on pages loaded over plain http. */
export function idempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
