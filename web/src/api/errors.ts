import type { components } from "./schema.ts";

/** The contract's codes, and `offline` where no answer of the server came at all. */
export type ErrorCode = components["schemas"]["Error"]["code"] | "offline";

interface Details {
  retryable: boolean;
  detail?: string;
  cause?: unknown;
}

export class ApiError extends Error {
  readonly code: ErrorCode;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;

  constructor(code: ErrorCode, { retryable, detail, cause }: Details) {
    super(detail ?? code, { cause });
    this.name = "ApiError";
    this.code = code;
    this.retryable = retryable;
  }
}

const MESSAGES: Record<ErrorCode, string> = {
  offline: "The server does not answer. It may be starting, or you may be offline.",
  unavailable: "The server is busy or cannot reach its store just now. Please try again in a moment.",
  too_large: "This picture is larger than the server takes. Try a smaller one.",
  unsupported_type: "The server cannot read this kind of file. JPEG, PNG and WebP work.",
  invalid_input: "The server could not use this. Please try another picture.",
  unauthorised: "The server asks for its access token.",
  not_found: "There is nothing here yet.",
  method_not_allowed: "The server does not offer this.",
  conflict: "This correction was sent before with another label. Please choose the label again.",
  corrupt_data: "The stored corrections are damaged. Somebody who runs the server has to look at it.",
  internal: "Something went wrong on the server. It has been logged.",
};

/** What to tell a person; never the server's own text, except where it says what was wrong with the input. */
export function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return "Something went wrong on this page. Reloading it may help.";
  if (error.code === "invalid_input" && error.message !== error.code) return error.message;
  return MESSAGES[error.code] ?? MESSAGES.internal;
}
