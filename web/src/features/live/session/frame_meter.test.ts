import { expect, test } from "vitest";
import { FrameMeter } from "./frame_meter.ts";

test("nothing is claimed from too little", () => {
  const meter = new FrameMeter();
  expect(meter.read(0)).toEqual({ fps: null, latency_ms: null });
  meter.add(0, 10);
  meter.add(100, 10);
  expect(meter.read(100).fps).toBeNull();
});

test("the rate and the median latency of the last two seconds", () => {
  const meter = new FrameMeter();
  for (let at_ms = 0; at_ms <= 10_000; at_ms += 50) meter.add(at_ms, at_ms < 8000 ? 500 : at_ms === 9000 ? 900 : 40);
  const { fps, latency_ms } = meter.read(10_000);
  expect(fps).toBeCloseTo(20);
  expect(latency_ms).toBe(40);
});

test("after a rest there is nothing again", () => {
  const meter = new FrameMeter();
  for (const at_ms of [0, 10, 20]) meter.add(at_ms, 1);
  expect(meter.read(5000)).toEqual({ fps: null, latency_ms: null });
});
