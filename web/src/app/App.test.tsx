// @vitest-environment jsdom
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { App } from "./App.tsx";
import { Desk } from "./desk.ts";
import { LazyPage } from "./Page.tsx";
import { hrefOf, type Route, routeOf, VIEWS, viewOf } from "./routes.ts";

beforeEach(() => {
  window.location.hash = "";
  sessionStorage.clear();
  window.scrollTo = () => undefined; // jsdom has none
  Object.assign(globalThis, {
    ResizeObserver: class {
      observe() {}
      disconnect() {}
    },
  });
  HTMLCanvasElement.prototype.getContext = () => null;
});

const app = () => render(<App desk={new Desk()} onLanguage={() => undefined} />);

test.each([
  ["", { page: "start" }],
  ["#/", { page: "start" }],
  ["#/photo/12", { page: "photo", id: 12 }],
  ["#/photo/x", { page: "start" }],
  ["#/photos", { page: "photos" }],
  ["#/live", { page: "live" }],
  ["#/dashboard", { page: "dashboard" }],
  ["#/sent", { page: "sent" }],
  ["#/nowhere", { page: "start" }],
] as [string, Route][])("the fragment %s leads to %j, and back", (fragment, route) => {
  expect(routeOf(fragment)).toEqual(route);
  expect(routeOf(hrefOf(route))).toEqual(route);
});

test("every tab has a view", () => {
  expect(VIEWS.map((view) => viewOf(routeOf(`#/${view}`)))).toEqual([...VIEWS]);
});

test("a view that is opened has the title and the focus", async () => {
  app();
  expect(screen.getByRole("link", { name: "Photo" })).toHaveAttribute("aria-current", "page");
  await userEvent.click(screen.getByRole("link", { name: "Live" }));
  expect(await screen.findByRole("heading", { level: 1, name: "Live video" })).toBeVisible();
  expect(document.title).toBe("Live · Expression recogniser");
  expect(screen.getByRole("main")).toHaveFocus();
});

test("a camera that the page may not use says why", async () => {
  window.location.hash = "#/live";
  app();
  await userEvent.click(await screen.findByRole("button", { name: "Start camera" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("https");
});

test("a view that could not be loaded can be asked for again", async () => {
  vi.spyOn(console, "error").mockReturnValue(); // React logs what the boundary caught
  let tries = 0;
  const load = async () => {
    if (++tries === 1) throw new TypeError("Failed to fetch dynamically imported module");
    return { default: () => <p>Here it is</p> };
  };
  render(<LazyPage load={load} given={{}} />);
  expect(await screen.findByRole("alert")).toHaveTextContent("Can't load this page");
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("Here it is")).toBeVisible();
});

test("nothing speaks of feelings but the line that says it does not", () => {
  app();
  const words = document.body.textContent?.replace("not what anyone feels", "") ?? "";
  expect(words).not.toMatch(/feel|emotion|mood/i);
});
