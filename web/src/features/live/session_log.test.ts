import { expect, test } from "vitest";
import { face } from "../../testing/faces.ts";
import { SessionLog } from "./session_log.ts";

const live = (track: number) => ({ ...face(), track });

test("a session becomes a CSV with time, face, box and seven scores", () => {
  const log = new SessionLog();
  log.add(Date.UTC(2026, 0, 2, 3, 4, 5, 678), [live(1), live(7)]);
  expect(log.csv()).toBe(
    "time,face,x,y,width,height,happy,surprised,neutral,sad,fear,disgusted,angry\n" +
      "2026-01-02T03:04:05.678Z,1,10,20,30,40,0.9,0.1,0,0,0,0,0\n" +
      "2026-01-02T03:04:05.678Z,7,10,20,30,40,0.9,0.1,0,0,0,0,0\n",
  );
});

test("nothing seen, only the header", () => {
  const log = new SessionLog();
  log.add(1, []);
  expect(log.csv().trim().split("\n")).toHaveLength(1);
});

test("the last minute of one face", () => {
  const log = new SessionLog();
  for (let time_ms = 0; time_ms < 1000; time_ms += 1) log.add(time_ms, [live(1 + (time_ms % 2))]);
  const samples = log.since(990, 1);
  expect(samples.map(({ time_ms }) => time_ms)).toEqual([990, 992, 994, 996, 998]);
  expect([...(samples[0]?.scores ?? [])]).toEqual([0.9, 0.1, 0, 0, 0, 0, 0]);
});

test("memory has an end: the oldest rows go, and it is said", () => {
  const log = new SessionLog(300);
  for (let time_ms = 0; time_ms < 1000; time_ms += 1) log.add(time_ms, [live(1)]);
  expect(log.size).toBe(300);
  expect(log.full).toBe(true);
  expect(log.since(0, 1).map(({ time_ms }) => time_ms)).toEqual(Array.from({ length: 300 }, (_, index) => 700 + index));
});
