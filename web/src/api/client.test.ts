// @vitest-environment jsdom
import { expect, test, vi } from "vitest";
import { answering, leadTo } from "../testing/http_server.ts";
import { fetchStatistics, predict, saveFeedback, streamUrl } from "./client.ts";
import { ApiError } from "./errors.ts";

const PICTURE = new Blob([new Uint8Array([1, 2, 3])], { type: "image/jpeg" });
const PREDICTION = { faces: [], image_size: [4, 3], model_version: "test" };

test("a prediction is asked for without a drawn picture, with the picture's own bytes", async () => {
  const seen = await answering(() => ({ body: PREDICTION }));
  expect(await predict(PICTURE)).toEqual(PREDICTION);
  expect(seen[0]?.url).toBe("/predict_expression?annotate=none");
  expect(seen[0]?.headers["content-type"]).toBe("image/jpeg");
  expect([...(seen[0]?.body ?? [])]).toEqual([1, 2, 3]);
});

test("a correction says label, box and key", async () => {
  const seen = await answering(() => ({ body: { status: "success", message: "" } }));
  const what = { picture: PICTURE, box: [1, 2, 3, 4], label: "nan", predicted: "sad", modelVersion: null } as const;
  await saveFeedback({ ...what, box: [...what.box], idempotencyKey: "abc" });
  expect(seen[0]?.url).toBe("/save_expression_feedback?label=nan&box=1%2C2%2C3%2C4&predicted=sad");
  expect(seen[0]?.headers["idempotency-key"]).toBe("abc");
});

test("a token is sent where there is one", async () => {
  const seen = await answering(() => ({ body: { counts: {}, total: 0, last_feedback: null, generation: "0" } }));
  await fetchStatistics(null);
  await fetchStatistics("secret");
  expect(seen.map(({ headers }) => headers.authorization)).toEqual([undefined, "Bearer secret"]);
});

test.each([
  [
    "the contract's error",
    { status: 413, body: { error: "too big", code: "too_large", retryable: false } },
    "too_large",
    false,
  ],
  ["a busy store", { status: 503, body: { error: "busy", code: "unavailable", retryable: true } }, "unavailable", true],
  ["a proxy's page", { status: 502, body: "<html>" }, "unreachable", true],
  ["no answer", { hangUp: true }, "unreachable", true],
  ["something else", { status: 418, body: "<html>" }, "internal", false],
])("%s becomes an error of its kind", async (_, answer, code, retryable) => {
  await answering(() => answer);
  const error = await predict(PICTURE).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ code, retryable });
});

test("an aborted request is no error of the server", async () => {
  await answering(() => ({ body: PREDICTION }));
  const abort = new AbortController();
  abort.abort();
  const error = await predict(PICTURE, abort.signal).catch((reason: unknown) => reason);
  expect(error).not.toBeInstanceOf(ApiError);
});

test("a wait has an end, also while the body comes", async () => {
  await answering(() => ({ never: true }));
  await expect(predict(PICTURE, undefined, 50)).rejects.toMatchObject({
    code: "timeout",
    retryable: true,
    seconds: 0.05,
  });
});

test("without a network the cause is named", async () => {
  await answering(() => ({ hangUp: true }));
  vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
  await expect(predict(PICTURE)).rejects.toMatchObject({ code: "offline", retryable: true });
});

test("addresses follow the page's path and safety", () => {
  leadTo("https://example.test/some/path/");
  expect(streamUrl()).toBe("wss://example.test/some/path/stream");
});
