import { expect, test } from "vitest";
import { ApiError, explain } from "./errors.ts";

test("the server's own words are shown only for what was wrong with the input", () => {
  expect(explain(new ApiError("invalid_input", { retryable: false, detail: "There is no face at 'box'." }))).toBe(
    "There is no face at 'box'.",
  );
  expect(explain(new ApiError("internal", { retryable: false, detail: "Traceback" }))).not.toContain("Traceback");
});

test("a code that is not known still has words", () => {
  expect(explain(new ApiError("newer" as "internal", { retryable: false }))).toContain("Something went wrong");
  expect(explain(new TypeError("x is undefined"))).toContain("Something went wrong");
});
