import { useSyncExternalStore } from "react";

export const ROUTES = ["picture", "live", "dashboard"] as const;
export type Route = (typeof ROUTES)[number];

export const TITLES: Record<Route, string> = { picture: "Picture", live: "Live", dashboard: "Dashboard" };

/** Routes are in the fragment, so that any static host can serve the app at any path. */
export function hrefOf(route: Route): string {
  return route === "picture" ? "#/" : `#/${route}`;
}

export function routeOf(fragment: string): Route {
  const name = fragment.replace(/^#\/?/, "");
  return ROUTES.find((route) => route === name) ?? "picture";
}

export function useRoute(): Route {
  return useSyncExternalStore(subscribe, () => routeOf(window.location.hash));
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
}
