// @vitest-environment jsdom
import { beforeEach, expect, test, vi } from "vitest";
import { answering } from "../../testing/http_server.ts";
import { Corrections } from "./corrections.ts";
import { forgetAll, sentCorrections } from "./receipts.ts";

beforeEach(forgetAll);

const PICTURE = new Blob([new Uint8Array([1])], { type: "image/jpeg" });
const FACE = { box: [1, 2, 3, 4], expression: "happy" as const };
const RECEIPT = { receipt: "r".repeat(64), validUntil: "2026-02-01T00:00:00+00:00" };
const STORED = {
  body: {
    status: "success",
    message: "Feedback saved successfully.",
    receipt: RECEIPT.receipt,
    receipt_valid_until: RECEIPT.validUntil,
  },
};

test("a lost answer is followed by another try with the same key", async () => {
  let tries = 0;
  const seen = await answering(() => (++tries === 1 ? { hangUp: true } : STORED));
  const corrections = new Corrections(PICTURE, () => "model-1");
  corrections.choose(0, "sad");
  await corrections.send(0, FACE);
  expect(corrections.of(0)).toEqual({ status: "sent", label: "sad", receipt: RECEIPT });
  expect(seen).toHaveLength(2);
  expect(new Set(seen.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
});

test("after a time-out it is not sent again by itself, as each wait is a long one", async () => {
  vi.spyOn(globalThis, "setTimeout").mockImplementation((then: () => void) => {
    queueMicrotask(then);
    return 0 as unknown as ReturnType<typeof setTimeout>;
  });
  const seen = await answering(() => ({ never: true }));
  const corrections = new Corrections(PICTURE, () => "model-1");
  corrections.choose(0, "sad");
  await corrections.send(0, FACE);
  expect(corrections.of(0)).toMatchObject({ status: "failed", error: { code: "timeout" } });
  expect(seen.length).toBeLessThanOrEqual(1);
});

test("what the server refuses is not sent again by itself, and with the same key when asked to", async () => {
  const seen = await answering(() => ({
    status: 400,
    body: { error: "no face", code: "invalid_input", retryable: false },
  }));
  const corrections = new Corrections(PICTURE, () => "model-1");
  corrections.choose(0, "sad");
  await corrections.send(0, FACE);
  expect(corrections.of(0)).toMatchObject({ status: "failed", label: "sad" });
  expect(seen).toHaveLength(1);
  await corrections.send(0, FACE);
  expect(seen[1]?.headers["idempotency-key"]).toBe(seen[0]?.headers["idempotency-key"]);
});

test("another label is another correction with a key of its own; so is another face", async () => {
  const seen = await answering(({ url }) => (url.includes("label=sad") ? { status: 400, body: {} } : STORED));
  const corrections = new Corrections(PICTURE, () => "model-1");
  corrections.choose(0, "sad");
  await corrections.send(0, FACE);
  corrections.choose(0, "fear");
  await corrections.send(0, FACE);
  corrections.choose(1, "fear");
  await corrections.send(1, FACE);
  expect(new Set(seen.map(({ headers }) => headers["idempotency-key"])).size).toBe(3);
});

test("a second click and a face without a label send nothing", async () => {
  const seen = await answering(() => STORED);
  const corrections = new Corrections(PICTURE, () => "model-1");
  await corrections.send(0, FACE);
  expect(seen).toHaveLength(0);
  corrections.choose(0, "sad");
  await Promise.all([corrections.send(0, FACE), corrections.send(0, FACE)]);
  await corrections.send(0, FACE);
  expect(corrections.of(0).status).toBe("sent");
  expect(seen).toHaveLength(1);
});

test("after a reload what was sent stays sent, and the rest keeps its key", async () => {
  const seen = await answering(({ url }) => (url.includes("label=sad") ? STORED : { status: 400, body: {} }));
  const before = new Corrections(PICTURE, () => "model-1");
  before.choose(0, "sad");
  await before.send(0, FACE);
  before.choose(1, "fear");
  await before.send(1, FACE);
  const after = new Corrections(PICTURE, () => "model-1", JSON.parse(JSON.stringify(before.saved())));
  expect(after.of(0)).toEqual({ status: "sent", label: "sad", receipt: RECEIPT });
  expect(after.of(1)).toEqual({ status: "choosing", label: "fear" });
  await after.send(0, FACE);
  await after.send(1, FACE);
  expect(seen).toHaveLength(3);
  expect(seen[2]?.headers["idempotency-key"]).toBe(seen[1]?.headers["idempotency-key"]);
});

test("what the model had said goes along", async () => {
  const seen = await answering(() => STORED);
  const corrections = new Corrections(PICTURE, () => "model-1");
  corrections.choose(0, "sad");
  await corrections.send(0, FACE);
  expect(seen[0]?.url).toContain("predicted=happy&model_version=model-1");
});

test("what was sent can be taken back, after a failure too, and the list of what was sent knows", async () => {
  let tries = 0;
  const seen = await answering(({ method }) => {
    if (method !== "DELETE") return STORED;
    return ++tries === 1 ? { hangUp: true } : { body: { status: "withdrawn", message: "", settled: false } };
  });
  const corrections = new Corrections(PICTURE, () => "model-1");
  corrections.choose(0, "sad");
  await corrections.send(0, FACE);
  expect(sentCorrections().map(({ label, withdrawn }) => [label, withdrawn])).toEqual([["sad", false]]);
  await corrections.undo(0);
  expect(corrections.of(0)).toMatchObject({ status: "stuck" });
  await corrections.undo(0);
  expect(corrections.of(0)).toEqual({ status: "undone", label: "sad" });
  expect(seen.at(-1)?.url).toBe(`/save_expression_feedback/${RECEIPT.receipt}`);
  expect(sentCorrections().map(({ withdrawn }) => withdrawn)).toEqual([true]);
  const after = new Corrections(PICTURE, () => "model-1", JSON.parse(JSON.stringify(corrections.saved())));
  expect(after.of(0)).toEqual({ status: "undone", label: "sad" });
});
