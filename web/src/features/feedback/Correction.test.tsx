// @vitest-environment jsdom
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { ApiError } from "../../api/errors.ts";
import { Correction } from "./Correction.tsx";
import { idempotencyKey } from "./idempotency_key.ts";

test("it says what is stored before anything can be sent", async () => {
  const send = vi.fn();
  render(
    <Correction expression="happy" state={{ status: "choosing", label: null }} onChoose={vi.fn()} onSend={send} />,
  );
  expect(screen.getByText(/48 × 48 grey pixels, the label and the date/)).toBeVisible();
  expect(screen.getByRole("button", { name: "Send the label" })).toBeDisabled();
});

test("each of the eight labels can be chosen, none of these as nan", async () => {
  const choose = vi.fn();
  render(
    <Correction expression="happy" state={{ status: "choosing", label: null }} onChoose={choose} onSend={vi.fn()} />,
  );
  expect(screen.getAllByRole("radio")).toHaveLength(8);
  await userEvent.click(screen.getByRole("radio", { name: "None of these" }));
  expect(choose).toHaveBeenCalledWith("nan");
});

test("while it is sent nothing can be changed", () => {
  render(
    <Correction expression="happy" state={{ status: "sending", label: "sad" }} onChoose={vi.fn()} onSend={vi.fn()} />,
  );
  expect(screen.getByRole("button", { name: "Sending…" })).toBeDisabled();
  for (const radio of screen.getAllByRole("radio")) expect(radio).toBeDisabled();
});

test("a failure is announced and can be tried again", async () => {
  const send = vi.fn();
  const error = new ApiError("offline", { retryable: true });
  render(
    <Correction
      expression="happy"
      state={{ status: "failed", label: "sad", error }}
      onChoose={vi.fn()}
      onSend={send}
    />,
  );
  expect(screen.getByRole("alert")).toHaveTextContent("The server does not answer");
  await userEvent.click(screen.getByRole("button", { name: "Send again" }));
  expect(send).toHaveBeenCalledOnce();
});

test("the arrival is announced and has the focus", () => {
  render(
    <Correction expression="happy" state={{ status: "sent", label: "sad" }} onChoose={vi.fn()} onSend={vi.fn()} />,
  );
  expect(screen.getByRole("status")).toHaveTextContent("Stored as “Sad”");
  expect(screen.getByRole("status")).toHaveFocus();
});

test("keys are what the contract takes and never the same", () => {
  const keys = Array.from({ length: 100 }, idempotencyKey);
  expect(new Set(keys).size).toBe(100);
  for (const key of keys) expect(key).toMatch(/^[0-9a-f]{32}$/);
});
