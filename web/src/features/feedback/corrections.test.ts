// @vitest-environment jsdom
import { expect, test } from "vitest";
import { answering } from "../../testing/http_server.ts";
import { Corrections } from "./corrections.ts";

const PICTURE = new Blob([new Uint8Array([1])], { type: "image/jpeg" });
const BOX = [1, 2, 3, 4];
const STORED = { body: { status: "success", message: "Feedback saved successfully." } };

test("a lost answer is followed by another try with the same key", async () => {
  let tries = 0;
  const seen = await answering(() => (++tries === 1 ? { hangUp: true } : STORED));
  const corrections = new Corrections(PICTURE);
  corrections.choose(0, "sad");
  await corrections.send(0, BOX);
  expect(corrections.of(0)).toEqual({ status: "sent", label: "sad" });
  expect(seen).toHaveLength(2);
  expect(new Set(seen.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
});

test("what the server refuses is not sent again by itself, and with the same key when asked to", async () => {
  const seen = await answering(() => ({
    status: 400,
    body: { error: "no face", code: "invalid_input", retryable: false },
  }));
  const corrections = new Corrections(PICTURE);
  corrections.choose(0, "sad");
  await corrections.send(0, BOX);
  expect(corrections.of(0)).toMatchObject({ status: "failed", label: "sad" });
  expect(seen).toHaveLength(1);
  await corrections.send(0, BOX);
  expect(seen[1]?.headers["idempotency-key"]).toBe(seen[0]?.headers["idempotency-key"]);
});

test("another label is another correction with a key of its own; so is another face", async () => {
  const seen = await answering(({ url }) => (url.includes("label=sad") ? { status: 400, body: {} } : STORED));
  const corrections = new Corrections(PICTURE);
  corrections.choose(0, "sad");
  await corrections.send(0, BOX);
  corrections.choose(0, "fear");
  await corrections.send(0, BOX);
  corrections.choose(1, "fear");
  await corrections.send(1, BOX);
  expect(new Set(seen.map(({ headers }) => headers["idempotency-key"])).size).toBe(3);
});

test("a second click and a face without a label send nothing", async () => {
  const seen = await answering(() => STORED);
  const corrections = new Corrections(PICTURE);
  await corrections.send(0, BOX);
  expect(seen).toHaveLength(0);
  corrections.choose(0, "sad");
  await Promise.all([corrections.send(0, BOX), corrections.send(0, BOX)]);
  await corrections.send(0, BOX);
  expect(corrections.of(0).status).toBe("sent");
  expect(seen).toHaveLength(1);
});

test("after a reload what was sent stays sent, and the rest keeps its key", async () => {
  const seen = await answering(({ url }) => (url.includes("label=sad") ? STORED : { status: 400, body: {} }));
  const before = new Corrections(PICTURE);
  before.choose(0, "sad");
  await before.send(0, BOX);
  before.choose(1, "fear");
  await before.send(1, BOX);
  const after = new Corrections(PICTURE, JSON.parse(JSON.stringify(before.saved())));
  expect(after.of(0)).toEqual({ status: "sent", label: "sad" });
  expect(after.of(1)).toEqual({ status: "choosing", label: "fear" });
  await after.send(0, BOX);
  await after.send(1, BOX);
  expect(seen).toHaveLength(3);
  expect(seen[2]?.headers["idempotency-key"]).toBe(seen[1]?.headers["idempotency-key"]);
});
