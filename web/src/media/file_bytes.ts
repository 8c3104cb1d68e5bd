/** What a file's first bytes say; `heic` also covers HEIF and its kin in the same container. */
export function isHeic(bytes: Uint8Array): boolean {
  if (ascii(bytes, 4, 8) !== "ftyp") return false;
  return /hei[cxms]|hev[cxms]|mif1|msf1/.test(ascii(bytes, 8, 64));
}

/**
 * Whether a JPEG, PNG or WebP ends before its picture does. Browsers differ in whether they show such a file in part or
 * not at all; other formats are left to them.
 */
export function isTruncated(bytes: Uint8Array): boolean {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return isTruncatedJpeg(bytes);
  if (ascii(bytes, 1, 4) === "PNG") return isTruncatedPng(bytes);
  if (ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 12) === "WEBP") return 8 + uint32(bytes, 4, true) > bytes.length;
  return false;
}

/** ITU T.81: segments up to the scan, whose data hold no marker but restarts, until one that is none. */
function isTruncatedJpeg(bytes: Uint8Array): boolean {
  let at = 2;
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) return false; // odd, but not truncated: the browser may still read it
    const marker = bytes[at + 1];
    if (marker === 0xd9) return false;
    if (marker === 0xff) at += 1;
    else if (marker === 0xda) return !hasEndOfImage(bytes, at);
    else at += 2 + ((bytes[at + 2] ?? 0) << 8) + (bytes[at + 3] ?? 0);
  }
  return true;
}

function hasEndOfImage(bytes: Uint8Array, from: number): boolean {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] === 0xd9) return true;
  }
  return false;
}

/** PNG, 5.3: chunks of length, name, data and checksum, until IEND. */
function isTruncatedPng(bytes: Uint8Array): boolean {
  for (let at = 8; at + 12 <= bytes.length; at += 12 + uint32(bytes, at, false)) {
    if (ascii(bytes, at + 4, at + 8) === "IEND") return false;
  }
  return true;
}

function uint32(bytes: Uint8Array, at: number, littleEndian: boolean): number {
  if (at + 4 > bytes.length) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, littleEndian);
}

function ascii(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}
