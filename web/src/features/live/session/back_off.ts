const FIRST_MS = 500;
const LONGEST_MS = 10_000;

/** How long to wait after a number of failed tries in a row (1, 2, …); `chance` of 0…1 spreads clients out. */
export function backOff_ms(failures: number, chance: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  return full * (0.75 + 0.5 * chance);
}
