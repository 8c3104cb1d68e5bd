import type { components } from "./schema.ts";

/**
 * The contract's codes, plus those for no answer at all: `offline` without a network, `unreachable` with one, and
 * `timeout` when the wait was given up.
 */
export type ErrorCode = components["schemas"]["Error"]["code"] | "offline" | "unreachable" | "timeout";

interface Details {
  retryable: boolean;
  detail?: string;
  cause?: unknown;
  /** How long the wait was, for `timeout`. */
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
