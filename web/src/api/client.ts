import { ApiError } from "./errors.ts";
import type { components, operations } from "./schema.ts";

export type Prediction = components["schemas"]["Prediction"];
export type Face = components["schemas"]["Face"];
export type Label = components["schemas"]["Label"];
export type Box = Face["box"];
export type Statistics = operations["feedbackStatistics"]["responses"][200]["content"]["application/json"];
type ErrorBody = components["schemas"]["Error"];

export interface Correction {
  picture: Blob;
  /** Of the face that is meant, as a prediction on the same picture gave it. */
  box: Box;
  label: Label;
  /** The same for every try to send this correction. */
  idempotencyKey: string;
}

/** Every face of a JPEG, PNG or WebP, largest first; boxes are pixels of the upright picture. Raises ApiError. */
export async function predict(picture: Blob, signal?: AbortSignal): Promise<Prediction> {
  const response = await send("predict_expression?annotate=none", { method: "POST", body: picture, signal });
  return (await response.json()) as Prediction;
}

/** The picture with the server's boxes and labels drawn, as a PNG of at most 4 megapixels. Raises ApiError. */
export async function annotatedPicture(picture: Blob): Promise<Blob> {
  const response = await send("predict_expression?annotate=png", { method: "POST", body: picture });
  const { processed_image } = (await response.json()) as Prediction;
  const base64 = processed_image?.split(",")[1];
  if (base64 === undefined) throw new ApiError("internal", { retryable: false });
  return new Blob([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))], { type: "image/png" });
}

/** Keep a correction; when this returns it is in the CSV exactly once, however often it was sent. Raises ApiError. */
export async function saveFeedback({ picture, box, label, idempotencyKey }: Correction): Promise<void> {
  await send(`save_expression_feedback?label=${label}&box=${box.join(",")}`, {
    method: "POST",
    body: picture,
    headers: { "Idempotency-Key": idempotencyKey },
  });
}

/** How many corrections of each label there are. Raises ApiError, `unauthorised` where the token is missing. */
export async function fetchStatistics(token: string | null, signal?: AbortSignal): Promise<Statistics> {
  const response = await send("stats", { headers: authorisation(token), signal });
  return (await response.json()) as Statistics;
}

/** All corrections as one CSV, held in memory; without a token, a link to `csvUrl()` does better. Raises ApiError. */
export async function fetchCsv(token: string): Promise<Blob> {
  const response = await send("download_expression_csv", { headers: authorisation(token) });
  return response.blob();
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
}

async function send(path: string, { method = "GET", body, headers = {}, signal }: Request): Promise<Response> {
  const bytes = body === undefined ? null : await body.arrayBuffer();
  let response: Response;
  try {
    // Without credentials a browser does not open its own password dialogue on a 401.
    response = await fetch(apiUrl(path), {
      method,
      headers: body === undefined ? headers : { ...headers, "Content-Type": body.type },
      body: bytes,
      credentials: "omit",
      cache: "no-store",
      signal: signal ?? null,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError("offline", { retryable: true, cause: error });
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

async function refusal(response: Response): Promise<ApiError> {
  try {
    const { code, retryable, error } = (await response.json()) as ErrorBody;
    return new ApiError(code, { retryable, detail: error });
  } catch {
    // Not ours: a proxy in between answered.
    return response.status >= 502
      ? new ApiError("offline", { retryable: true })
      : new ApiError("internal", { retryable: false });
  }
}
