// @vitest-environment jsdom
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { answering } from "../../testing/http_server.ts";
import { Dashboard } from "./Dashboard.tsx";
import { sharesOf } from "./shares.ts";

const STATISTICS = {
  counts: { happy: 3, nan: 1 },
  total: 4,
  complete: true,
  last_feedback: "2026-01-02T00:00:00+00:00",
  generation: "5",
  withdrawn: 2,
  weeks: [
    { week: "2025-W52", corrections: 1, compared: 0, contradicted: 0 },
    { week: "2026-W01", corrections: 3, compared: 3, contradicted: 1 },
  ],
  confusion: { sad: { angry: 0, disgusted: 0, fear: 0, happy: 1, sad: 2, surprised: 0, neutral: 0, nan: 0 } },
  corrected_models: [],
  models: [
    {
      version: "residual-1",
      created: "2026-01-01T00:00:00+00:00",
      parent: null,
      champion: true,
      fault: null,
      gate: [{ name: "new corrections", passed: true, figure: "60 % → 70 %", bound: "above" }],
    },
  ],
};
const EMPTY = {
  counts: {},
  total: 0,
  complete: true,
  last_feedback: null,
  generation: "0",
  withdrawn: 0,
  weeks: [],
  confusion: {},
  corrected_models: [],
  models: [],
};
const NO_TOKEN = { status: 401, body: { error: "token", code: "unauthorised", retryable: false } };

beforeEach(() => sessionStorage.clear());

test("shares add up to one and name every label", () => {
  const shares = sharesOf(STATISTICS);
  expect(shares).toHaveLength(8);
  expect(shares.reduce((sum, { share }) => sum + share, 0)).toBe(1);
});

test("without a correction every share is nothing", () => {
  expect(sharesOf({ counts: {}, total: 0 }).every(({ count, share }) => count === 0 && share === 0)).toBe(true);
});

test("counts, shares, total and the last correction can be read", async () => {
  await answering(() => ({ body: STATISTICS }));
  render(<Dashboard />);
  expect(await screen.findByRole("row", { name: "Happy 3 75%" })).toBeVisible();
  expect(screen.getByRole("row", { name: "Sad 0 0%" })).toBeVisible();
  expect(screen.getAllByText("Corrections")[0]?.nextElementSibling).toHaveTextContent("4");
  expect(screen.getByText("2 Jan 2026")).toHaveAttribute("dateTime", "2026-01-02T00:00:00+00:00");
  expect(screen.getByRole("link", { name: "Download CSV" }).getAttribute("href")).toMatch(/\/download_expression_csv$/);
});

test("weeks, contradictions and models can be read", async () => {
  await answering(() => ({ body: STATISTICS }));
  render(<Dashboard />);
  expect(await screen.findByRole("row", { name: "2026-W01 3 1 of 3" })).toBeVisible();
  expect(screen.getByRole("row", { name: "Sad 1 0 0 2 0 0 0 0" })).toBeVisible();
  expect(screen.getByRole("row", { name: /^residual-1 1 Jan 2026 in use/ })).toHaveTextContent("60 % → 70 %");
});

test("where corrections wait to be merged, it says so", async () => {
  let complete = true;
  await answering(() => ({ body: { ...STATISTICS, complete } }));
  const page = render(<Dashboard />);
  expect(await screen.findByRole("row", { name: "Happy 3 75%" })).toBeVisible();
  expect(screen.queryByText(/waiting to be merged/)).toBeNull();
  page.unmount();
  complete = false;
  render(<Dashboard />);
  expect(await screen.findByText(/waiting to be merged/)).toBeVisible();
});

test("an empty bucket offers no download", async () => {
  await answering(() => ({ body: EMPTY }));
  render(<Dashboard />);
  expect(await screen.findByText(/Nothing to download yet/)).toBeVisible();
  expect(screen.queryByRole("link")).toBeNull();
});

test("a token is asked for, kept for this tab, and forgotten where it is refused", async () => {
  await answering(({ headers }) => (headers.authorization === "Bearer right" ? { body: STATISTICS } : NO_TOKEN));
  render(<Dashboard />);
  await userEvent.type(await screen.findByLabelText("Access token"), "wrong{Enter}");
  expect(await screen.findByRole("alert")).toHaveTextContent("didn't accept this token");
  expect(sessionStorage).toHaveLength(0);
  expect(screen.getByLabelText("Access token")).toHaveFocus();
  await userEvent.keyboard("{Enter}");
  expect(await screen.findByText(/either \(2 tries so far\)/)).toBeVisible();
  await userEvent.clear(screen.getByLabelText("Access token"));
  await userEvent.type(screen.getByLabelText("Access token"), "right{Enter}");
  expect(await screen.findByRole("row", { name: "Happy 3 75%" })).toBeVisible();
  expect(sessionStorage).toHaveLength(1);
  expect(screen.getByRole("button", { name: "Download CSV" })).toBeEnabled();
});

test("a server that is away is said so, and numbers come when it is back", async () => {
  let away = true;
  await answering(() => (away ? { hangUp: true } : { body: STATISTICS }));
  render(<Dashboard />);
  expect(await screen.findByRole("alert")).toHaveTextContent("Can't reach the server");
  away = false;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("row", { name: "Happy 3 75%" })).toBeVisible();
});

test("where the browser forbids storage the dashboard works all the same, and says what is not kept", async () => {
  for (const method of ["getItem", "setItem"] as const) {
    vi.spyOn(Storage.prototype, method).mockImplementation(() => {
      throw new DOMException("", "SecurityError");
    });
  }
  await answering(({ headers }) => (headers.authorization === "Bearer right" ? { body: STATISTICS } : NO_TOKEN));
  render(<Dashboard />);
  await userEvent.type(await screen.findByLabelText("Access token"), "right{Enter}");
  expect(await screen.findByRole("row", { name: "Happy 3 75%" })).toBeVisible();
  expect(screen.getByText(/you'll have to enter the token again/)).toBeVisible();
});
