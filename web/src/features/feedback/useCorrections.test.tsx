// @vitest-environment jsdom
import { act, renderHook, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import { answering } from "../../testing/http_server.ts";
import { useCorrections } from "./useCorrections.ts";

const PICTURE = new Blob([new Uint8Array([1])], { type: "image/jpeg" });
const BOX = [1, 2, 3, 4];
const STORED = { body: { status: "success", message: "Feedback saved successfully." } };

test("a lost answer is followed by another try with the same key", async () => {
  let tries = 0;
  const seen = await answering(() => (++tries === 1 ? { hangUp: true } : STORED));
  const { result } = renderHook(() => useCorrections(PICTURE));
  act(() => result.current.choose(0, "sad"));
  await act(() => result.current.send(0, BOX));
  expect(result.current.stateOf(0)).toEqual({ status: "sent", label: "sad" });
  expect(seen).toHaveLength(2);
  expect(new Set(seen.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
});

test("what the server refuses is not sent again by itself, and with the same key when asked to", async () => {
  const seen = await answering(() => ({
    status: 400,
    body: { error: "no face", code: "invalid_input", retryable: false },
  }));
  const { result } = renderHook(() => useCorrections(PICTURE));
  act(() => result.current.choose(0, "sad"));
  await act(() => result.current.send(0, BOX));
  expect(result.current.stateOf(0)).toMatchObject({ status: "failed", label: "sad" });
  expect(seen).toHaveLength(1);
  await act(() => result.current.send(0, BOX));
  expect(seen[1]?.headers["idempotency-key"]).toBe(seen[0]?.headers["idempotency-key"]);
});

test("another label is another correction with a key of its own; so is another face", async () => {
  const seen = await answering(({ url }) => (url.includes("label=sad") ? { status: 400, body: {} } : STORED));
  const { result } = renderHook(() => useCorrections(PICTURE));
  act(() => result.current.choose(0, "sad"));
  await act(() => result.current.send(0, BOX));
  act(() => result.current.choose(0, "fear"));
  await act(() => result.current.send(0, BOX));
  act(() => result.current.choose(1, "fear"));
  await act(() => result.current.send(1, BOX));
  expect(new Set(seen.map(({ headers }) => headers["idempotency-key"])).size).toBe(3);
});

test("a second click and a face without a label send nothing", async () => {
  const seen = await answering(() => STORED);
  const { result } = renderHook(() => useCorrections(PICTURE));
  await act(() => result.current.send(0, BOX));
  expect(seen).toHaveLength(0);
  act(() => result.current.choose(0, "sad"));
  await act(() => Promise.all([result.current.send(0, BOX), result.current.send(0, BOX)]));
  await act(() => result.current.send(0, BOX));
  await waitFor(() => expect(result.current.stateOf(0).status).toBe("sent"));
  expect(seen).toHaveLength(1);
});
