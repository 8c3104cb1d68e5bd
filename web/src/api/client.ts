import { ApiError } from "./errors.ts";
import type { components, operations } from "./schema.ts";

export type Prediction = components["schemas"]["Prediction"];
export type Face = components["schemas"]["Face"];
export type Label = components["schemas"]["Label"];
export type Box = Face["box"];
export type Statistics = operations["feedbackStatistics"]["responses"][200]["content"]["application/json"];
type ErrorBody = components["schemas"]["Error"];

// A phone on a bad network takes half a minute for a photo of 300 KB; then come a cold start and the answer.
const PREDICT_TIMEOUT_MS = 60_000;
const FEEDBACK_TIMEOUT_MS = 60_000;
const STATISTICS_TIMEOUT_MS = 15_000;

export interface Correction {
  picture: Blob;
  /** Of the face that is meant, as a prediction on the same picture gave it. */
  box: Box;
  label: Label;
  /** The same for every try to send this correction. */
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
export async function saveFeedback({ picture, box, label, idempotencyKey }: Correction): Promise<void> {
  const path = `save_expression_feedback?label=${label}&box=${box.join(",")}`;
  const headers = { "Idempotency-Key": idempotencyKey };
  await send(path, { method: "POST", body: picture, headers, timeout_ms: FEEDBACK_TIMEOUT_MS }, asJson);
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
  method?: "GET" | "POST";
  body?: Blob;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** Until the whole answer is there; without it, as long as it takes. */
  timeout_ms?: number;
}

function asJson<Body>(response: Response): Promise<Body> {
  return response.json() as Promise<Body>;
}

/** Ask, and read the answer. Raises ApiError; what `signal` aborts raises as fetch does. */
async function send<Body>(path: string, request: Request, read: (response: Response) => Promise<Body>): Promise<Body> {
  const { method = "GET", body, headers = {}, signal, timeout_ms } = request;
  const bytes = body === undefined ? null : await body.arrayBuffer();
  const expired = new AbortController();
  const timer = timeout_ms === undefined ? undefined : setTimeout(() => expired.abort(), timeout_ms);
  try {
    // Without credentials a browser does not open its own password dialogue on a 401.
    const response = await fetch(apiUrl(path), {
      method,
      headers: body === undefined ? headers : { ...headers, "Content-Type": body.type },
      body: bytes,
      credentials: "omit",
      cache: "no-store",
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
    // Not ours: a proxy in between answered.
    return response.status >= 502
      ? new ApiError("unreachable", { retryable: true })
      : new ApiError("internal", { retryable: false });
  }
}
