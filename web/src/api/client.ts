import { ApiError } from "./errors.ts";
import type { components, operations } from "./schema.ts";

export type Prediction = components["schemas"]["Prediction"];
export type Face = components["schemas"]["Face"];
export type Label = components["schemas"]["Label"];
export type Box = Face["box"];
export type Statistics = operations["feedbackStatistics"]["responses"][200]["content"]["application/json"];
export type PublishedModel = components["schemas"]["PublishedModel"];
type Stored = operations["saveExpressionFeedback"]["responses"][200]["content"]["application/json"];
type ErrorBody = components["schemas"]["Error"];

/** What it takes to take a correction back. */
export interface Receipt {
  receipt: string;
  /** ISO 8601. */
  validUntil: string;
}

// A phone on a bad network needs half a minute for a photo of 300 KB; then come a cold start and the answer.
const PREDICT_TIMEOUT_MS = 60_000;
const FEEDBACK_TIMEOUT_MS = 60_000;
const STATISTICS_TIMEOUT_MS = 15_000;
const SAMPLE_TIMEOUT_MS = 15_000;

export interface Correction {
  picture: Blob;
  /** Of the face that is meant, as a prediction on the same picture gave it. */
  box: Box;
  label: Label;
  /** What the prediction had said of this face, and the model that said it. */
  predicted: Face["expression"];
  modelVersion: string | null;
  /** The same for every attempt to send this correction. */
  idempotencyKey: string;
}

/** Every face of a JPEG, PNG or WebP, largest first; boxes are pixels of the upright picture. Raises ApiError. */
export async function predict(
  picture: Blob,
  signal?: AbortSignal,
  timeout_ms = PREDICT_TIMEOUT_MS,
): Promise<Prediction> {
  return send<Prediction>(
    "predict_expression?annotate=none",
    { method: "POST", body: picture, signal, timeout_ms },
    asJson,
  );
}

/** Keep a correction; when this returns it is in the CSV exactly once, however often it was sent. Raises ApiError. */
export async function saveFeedback(correction: Correction): Promise<Receipt> {
  const { picture, box, label, predicted, modelVersion, idempotencyKey } = correction;
  const query = new URLSearchParams({ label, box: box.join(","), predicted });
  if (modelVersion !== null) query.set("model_version", modelVersion);
  const request = {
    method: "POST",
    body: picture,
    headers: { "Idempotency-Key": idempotencyKey },
    timeout_ms: FEEDBACK_TIMEOUT_MS,
  } as const;
  const answer = await send<Stored>(`save_expression_feedback?${query}`, request, asJson);
  return { receipt: answer.receipt, validUntil: answer.receipt_valid_until };
}

/** Take a correction back; repeating it changes nothing. Raises ApiError, `not_found` if the receipt has expired. */
export async function withdraw(receipt: string): Promise<void> {
  const path = `save_expression_feedback/${encodeURIComponent(receipt)}`;
  await send(path, { method: "DELETE", timeout_ms: FEEDBACK_TIMEOUT_MS }, asJson);
}

/** The models published in the bucket, the newest first. Raises ApiError. */
export async function fetchModels(token: string | null, signal?: AbortSignal): Promise<PublishedModel[]> {
  const request = { headers: authorisation(token), signal, timeout_ms: STATISTICS_TIMEOUT_MS };
  return (await send<{ models: PublishedModel[] }>("models", request, asJson)).models;
}

/** How many corrections of each label there are. Raises ApiError, `unauthorised` where the token is missing. */
export async function fetchStatistics(token: string | null, signal?: AbortSignal): Promise<Statistics> {
  return send<Statistics>(
    "stats",
    { headers: authorisation(token), signal, timeout_ms: STATISTICS_TIMEOUT_MS },
    asJson,
  );
}

/** All corrections as one CSV, held in memory; without a token, a link to `csvUrl()` does better. Raises ApiError. */
export async function fetchCsv(token: string): Promise<Blob> {
  return send("download_expression_csv", { headers: authorisation(token) }, (response) => response.blob());
}

/** One of the page's own sample photos. Raises ApiError. */
export async function fetchSample(url: string): Promise<Blob> {
  return send(url, { timeout_ms: SAMPLE_TIMEOUT_MS, cache: "default" }, (response) => response.blob());
}

export function csvUrl(): string {
  return apiUrl("download_expression_csv");
}

/** The address of the live video socket. */
export function streamUrl(): string {
  return apiUrl("stream").replace(/^http/, "ws");
}

function apiUrl(path: string): string {
  return new URL(path, document.baseURI).href;
}

function authorisation(token: string | null): Record<string, string> {
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

interface Request {
  method?: "GET" | "POST" | "DELETE";
  body?: Blob;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** Time allowed for the whole answer; unlimited if absent. */
  timeout_ms?: number;
  cache?: RequestCache;
}

function asJson<Body>(response: Response): Promise<Body> {
  return response.json() as Promise<Body>;
}

/** Send a request and read the answer. Raises ApiError; if `signal` aborts, raises as fetch does. */
async function send<Body>(path: string, request: Request, read: (response: Response) => Promise<Body>): Promise<Body> {
  const { method = "GET", body, headers = {}, signal, timeout_ms, cache = "no-store" } = request;
  const bytes = body === undefined ? null : await body.arrayBuffer();
  const expired = new AbortController();
  const timer = timeout_ms === undefined ? undefined : setTimeout(() => expired.abort(), timeout_ms);
  try {
    // Without credentials, a browser does not open its own password dialogue on a 401.
    const response = await fetch(apiUrl(path), {
      method,
      headers: body === undefined ? headers : { ...headers, "Content-Type": body.type },
      body: bytes,
      credentials: "omit",
      cache,
      signal: signal === undefined ? expired.signal : AbortSignal.any([signal, expired.signal]),
    });
    if (!response.ok) throw await refusal(response);
    return await read(response);
  } catch (error) {
    if (error instanceof ApiError || signal?.aborted) throw error;
    if (expired.signal.aborted) throw new ApiError("timeout", { retryable: true, seconds: (timeout_ms ?? 0) / 1000 });
    throw new ApiError(navigator.onLine === false ? "offline" : "unreachable", { retryable: true, cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function refusal(response: Response): Promise<ApiError> {
  try {
    const { code, retryable, error } = (await response.json()) as ErrorBody;
    return new ApiError(code, { retryable, detail: error });
  } catch {
    // Not our server: a proxy in between answered.
    return response.status >= 502
      ? new ApiError("unreachable", { retryable: true })
      : new ApiError("internal", { retryable: false });
  }
}
