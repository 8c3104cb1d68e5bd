import { useCallback, useEffect, useState } from "react";
import { fetchStatistics, type Statistics } from "../../api/client.ts";
import { ApiError } from "../../api/errors.ts";

const REFRESH_MS = 10_000;
const TOKEN_KEY = "export-token";

export interface StatisticsView {
  statistics: Statistics | null;
  /** What went wrong at the latest try; statistics of an earlier one are kept. */
  error: unknown;
  /** Whether the server wants a token that it has not got yet, and whether one was refused. */
  asksForToken: "no" | "yes" | "refused";
}

const NOTHING: StatisticsView = { statistics: null, error: null, asksForToken: "no" };

/** The numbers, read again every ten seconds while the page is seen; the token stays in this tab only. */
export function useStatistics() {
  const [token, setToken] = useState(() => sessionStorage.getItem(TOKEN_KEY));
  const [view, setView] = useState(NOTHING);

  const load = useCallback(
    async (signal?: AbortSignal) => {
      try {
        const statistics = await fetchStatistics(token, signal);
        if (token !== null) sessionStorage.setItem(TOKEN_KEY, token);
        setView({ statistics, error: null, asksForToken: "no" });
      } catch (error) {
        if (signal?.aborted) return;
        if (error instanceof ApiError && error.code === "unauthorised") {
          sessionStorage.removeItem(TOKEN_KEY);
          setView({ statistics: null, error: null, asksForToken: token === null ? "yes" : "refused" });
        } else {
          setView((last) => ({ ...last, error }));
        }
      }
    },
    [token],
  );

  useEffect(() => {
    const abort = new AbortController();
    void load(abort.signal);
    return () => abort.abort();
  }, [load]);

  useEffect(() => {
    if (view.asksForToken !== "no") return;
    const timer = setInterval(() => document.visibilityState === "visible" && void load(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [load, view.asksForToken]);

  return { ...view, token, setToken, reload: load };
}
