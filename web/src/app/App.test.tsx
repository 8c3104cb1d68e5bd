// @vitest-environment jsdom
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test } from "vitest";
import { App } from "./App.tsx";
import { hrefOf, ROUTES, routeOf } from "./routes.ts";

beforeEach(() => {
  window.location.hash = "";
  window.scrollTo = () => undefined; // jsdom has none
});

test.each([
  ["", "picture"],
  ["#/", "picture"],
  ["#/live", "live"],
  ["#/dashboard", "dashboard"],
  ["#/nowhere", "picture"],
])("the fragment %s leads to %s", (fragment, route) => {
  expect(routeOf(fragment)).toBe(route);
});

test("every link leads to its own view", () => {
  expect(ROUTES.map((route) => routeOf(hrefOf(route)))).toEqual([...ROUTES]);
});

test("a view that is opened has the title and the focus", async () => {
  render(<App />);
  expect(screen.getByRole("link", { name: "Picture" })).toHaveAttribute("aria-current", "page");
  await userEvent.click(screen.getByRole("link", { name: "Live" }));
  expect(await screen.findByRole("heading", { level: 1, name: "Live from the camera" })).toBeVisible();
  expect(document.title).toBe("Live · Expression recogniser");
  expect(screen.getByRole("main")).toHaveFocus();
});

test("a camera that the page may not use says why", async () => {
  window.location.hash = "#/live";
  render(<App />);
  await userEvent.click(await screen.findByRole("button", { name: "Start the camera" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("https");
});

test("nothing speaks of feelings but the line that says it does not", async () => {
  render(<App />);
  const words = document.body.textContent?.replace("It does not say what somebody feels", "") ?? "";
  expect(words).not.toMatch(/feel|emotion|mood/i);
});
