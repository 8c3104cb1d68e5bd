// @vitest-environment jsdom
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { face } from "../../testing/faces.ts";
import { answering } from "../../testing/http_server.ts";
import { Correction } from "./Correction.tsx";
import { Corrections } from "./corrections.ts";
import { idempotencyKey } from "./idempotency_key.ts";

const PICTURE = new Blob([new Uint8Array([1])], { type: "image/jpeg" });
const STORED = {
  body: { status: "success", message: "", receipt: "r".repeat(64), receipt_valid_until: "2026-02-01T00:00:00+00:00" },
};
const REFUSED = { status: 400, body: { error: "no face", code: "invalid_input", retryable: false } };

function show(change: Parameters<typeof face>[0] = {}) {
  render(<Correction corrections={new Corrections(PICTURE, () => null)} index={0} face={face(change)} />);
}

test("first it asks whether the label is right, and says what an answer stores", () => {
  show();
  expect(screen.getByRole("group", { name: "Is “Happy” right?" })).toBeVisible();
  expect(screen.getByText(/48 × 48 grey pixels, with your label, the model's label and the date/)).toBeVisible();
  expect(screen.queryAllByRole("radio")).toEqual([]);
});

test("that it is right takes one click", async () => {
  const seen = await answering(() => STORED);
  show();
  await userEvent.click(screen.getByRole("button", { name: "Correct" }));
  expect(await screen.findByRole("status")).toHaveTextContent("Stored as “Happy”");
  expect(screen.getByRole("status")).toHaveFocus();
  expect(seen.map(({ url }) => url)).toEqual([
    "/save_expression_feedback?label=happy&box=10%2C20%2C30%2C40&predicted=happy",
  ]);
});

test("the eight labels come after “Wrong”, with the focus, and none of these is nan", async () => {
  const seen = await answering(() => STORED);
  show();
  await userEvent.click(screen.getByRole("button", { name: "Wrong" }));
  expect(screen.getAllByRole("radio")).toHaveLength(8);
  expect(document.activeElement).not.toBe(document.body);
  expect(screen.getByRole("radio", { name: "Happy (predicted)" })).toBeEnabled();
  expect(screen.getByRole("button", { name: "Submit correction" })).toBeDisabled();
  await userEvent.click(screen.getByRole("radio", { name: "None of these" }));
  await userEvent.click(screen.getByRole("button", { name: "Submit correction" }));
  expect(await screen.findByRole("status")).toHaveTextContent("Stored as “None of these”");
  expect(seen[0]?.url).toContain("label=nan");
});

test("where no label was given there is nothing to confirm", () => {
  show({ confidence: 0.4 });
  expect(screen.getAllByRole("radio")).toHaveLength(8);
  expect(document.body).toHaveFocus(); // it was there from the start, and takes nothing away
});

test("a failure is announced and can be tried again", async () => {
  let tries = 0;
  const seen = await answering(() => (++tries === 1 ? REFUSED : STORED));
  show();
  await userEvent.click(screen.getByRole("button", { name: "Correct" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("stored only once");
  await userEvent.click(screen.getByRole("button", { name: "Submit again" }));
  expect(await screen.findByRole("status")).toHaveTextContent("Stored as “Happy”");
  expect(new Set(seen.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
});

test("keys are what the contract takes and never the same", () => {
  const keys = Array.from({ length: 100 }, idempotencyKey);
  expect(new Set(keys).size).toBe(100);
  for (const key of keys) expect(key).toMatch(/^[0-9a-f]{32}$/);
});

test("a correction is taken back with one click, and the focus stays", async () => {
  const seen = await answering(({ method }) =>
    method === "DELETE" ? { body: { status: "withdrawn", message: "", settled: true } } : STORED,
  );
  show();
  await userEvent.click(screen.getByRole("button", { name: "Correct" }));
  await userEvent.click(await screen.findByRole("button", { name: "Undo" }));
  expect(await screen.findByText(/Taken back/)).toHaveFocus();
  expect(seen.map(({ method }) => method)).toEqual(["POST", "DELETE"]);

  await userEvent.click(screen.getByRole("button", { name: "Wrong" }));
  expect(document.activeElement).not.toBe(document.body);
  await userEvent.click(screen.getByRole("radio", { name: "Sad" }));
  expect(screen.queryByText(/Taken back/)).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Submit correction" }));
  expect(await screen.findByRole("status")).toHaveTextContent("Stored as “Sad”");
  expect(seen[2]?.headers["idempotency-key"]).not.toBe(seen[0]?.headers["idempotency-key"]);
});
