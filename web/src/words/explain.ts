import { ApiError } from "../api/errors.ts";
import { PictureError } from "../media/pictures.ts";
import { words } from "./words.ts";

/** What to tell the user; never the server's own text, unless it says what was wrong with the input. */
export function explain(error: unknown): string {
  if (error instanceof PictureError) return words.photo.problems[error.problem];
  if (!(error instanceof ApiError)) return words.errors.page;
  if (error.code === "invalid_input" && error.message !== error.code) return error.message;
  if (error.code === "timeout") return words.errors.timeout(error.seconds ?? 0);
  return words.errors[error.code] ?? words.errors.internal;
}

/** Whether the same request may succeed later. */
export function isWorthRetrying(error: unknown): boolean {
  return error instanceof ApiError && error.retryable;
}
