import type { components } from "./schema.ts";

/**
 * The contract's codes, and where no answer of the server came at all: `offline` without a network, `unreachable` with
 * one, `timeout` where the wait was given up.
 */
export type ErrorCode = components["schemas"]["Error"]["code"] | "offline" | "unreachable" | "timeout";

interface Details {
  retryable: boolean;
  detail?: string;
  cause?: unknown;
  /** How long was waited, for `timeout`. */
  seconds?: number;
}

export class ApiError extends Error {
  readonly code: ErrorCode;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  readonly seconds: number | undefined;

  constructor(code: ErrorCode, { retryable, detail, cause, seconds }: Details) {
    super(detail ?? code, { cause });
    this.name = "ApiError";
    this.code = code;
    this.retryable = retryable;
    this.seconds = seconds;
  }
}
