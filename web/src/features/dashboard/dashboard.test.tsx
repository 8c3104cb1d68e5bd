// @vitest-environment jsdom
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test } from "vitest";
import { answering } from "../../testing/http_server.ts";
import { Dashboard } from "./Dashboard.tsx";
import { sharesOf } from "./shares.ts";

const STATISTICS = {
  counts: { happy: 3, nan: 1 },
  total: 4,
  last_feedback: "2026-01-02T00:00:00+00:00",
  generation: "5",
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
  expect(await screen.findByRole("row", { name: "Happy 3 75 %" })).toBeVisible();
  expect(screen.getByRole("row", { name: "Sad 0 0 %" })).toBeVisible();
  const ring = screen.getByRole("img", { name: "Share of each label: Happy 75 %, None of these 25 %" });
  expect(within(ring).getByText("4")).toBeVisible();
  expect(screen.getByText("2 Jan 2026")).toHaveAttribute("dateTime", "2026-01-02T00:00:00+00:00");
  expect(screen.getByRole("link", { name: "Download the CSV" }).getAttribute("href")).toMatch(
    /\/download_expression_csv$/,
  );
});

test("an empty bucket offers no download", async () => {
  await answering(() => ({ body: { counts: {}, total: 0, last_feedback: null, generation: "0" } }));
  render(<Dashboard />);
  expect(await screen.findByText(/once there is a correction/)).toBeVisible();
  expect(screen.queryByRole("link")).toBeNull();
});

test("a token is asked for, kept for this tab, and forgotten where it is refused", async () => {
  await answering(({ headers }) => (headers.authorization === "Bearer right" ? { body: STATISTICS } : NO_TOKEN));
  render(<Dashboard />);
  await userEvent.type(await screen.findByLabelText("Access token"), "wrong{Enter}");
  expect(await screen.findByRole("alert")).toHaveTextContent("did not accept");
  expect(sessionStorage).toHaveLength(0);
  await userEvent.type(screen.getByLabelText("Access token"), "right{Enter}");
  expect(await screen.findByRole("row", { name: "Happy 3 75 %" })).toBeVisible();
  expect(sessionStorage).toHaveLength(1);
  expect(screen.getByRole("button", { name: "Download the CSV" })).toBeEnabled();
});

test("a server that is away is said so, and numbers come when it is back", async () => {
  let away = true;
  await answering(() => (away ? { hangUp: true } : { body: STATISTICS }));
  render(<Dashboard />);
  expect(await screen.findByRole("alert")).toHaveTextContent("does not answer");
  away = false;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("row", { name: "Happy 3 75 %" })).toBeVisible();
});
