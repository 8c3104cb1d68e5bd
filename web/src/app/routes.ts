import { useSyncExternalStore } from "react";

export const VIEWS = ["photo", "live", "dashboard"] as const;
export type View = (typeof VIEWS)[number];

export type Route =
  | { page: "start" }
  | { page: "photo"; id: number }
  | { page: "photos" }
  | { page: "live" }
  | { page: "dashboard" }
  | { page: "sent" };

/** Routes are in the fragment, so that any static host can serve the app at any path. */
export function hrefOf(route: Route): string {
  if (route.page === "start") return "#/";
  return route.page === "photo" ? `#/photo/${route.id}` : `#/${route.page}`;
}

export function routeOf(fragment: string): Route {
  const [page, id] = fragment.replace(/^#\/?/, "").split("/");
  if (page === "photo" && id !== undefined && /^\d+$/.test(id)) return { page, id: Number(id) };
  if (page === "photos" || page === "live" || page === "dashboard" || page === "sent") return { page };
  return { page: "start" };
}

/** Which of the tabs a route belongs to. */
export function viewOf({ page }: Route): View | null {
  if (page === "live" || page === "dashboard") return page;
  return page === "sent" ? null : "photo";
}

export function go(route: Route): void {
  window.location.hash = hrefOf(route);
}

export function useRoute(): Route {
  const fragment = useSyncExternalStore(subscribe, () => window.location.hash);
  return routeOf(fragment);
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
}
