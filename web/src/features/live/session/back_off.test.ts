import { expect, test } from "vitest";
import { backOff_ms } from "./back_off.ts";

test("waits double up to a limit", () => {
  expect([1, 2, 3, 4, 5, 6, 60].map((failures) => backOff_ms(failures, 0.5))).toEqual([
    500, 1000, 2000, 4000, 8000, 10_000, 10_000,
  ]);
});

test("chance spreads them by a quarter to both sides", () => {
  expect([backOff_ms(1, 0), backOff_ms(1, 1)]).toEqual([375, 625]);
});
