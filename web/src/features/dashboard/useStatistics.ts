import { useCallback, useEffect, useState } from "react";
import { fetchModels, fetchStatistics, type PublishedModel, type Statistics } from "../../api/client.ts";
import { ApiError } from "../../api/errors.ts";
import * as store from "../../media/browser_store.ts";

const REFRESH_MS = 10_000;
const TOKEN_KEY = "export-token";

export interface StatisticsView {
  statistics: Statistics | null;
  models: readonly PublishedModel[];
  /** What went wrong at the latest attempt; earlier statistics are kept. */
  error: unknown;
  /** Whether the server is waiting for a token. */
  asksForToken: boolean;
  /** How many tokens it refused. */
  refusals: number;
  /** Whether a token is being checked. */
  checking: boolean;
  /** Whether the token that opened the numbers survives a reload. */
  tokenKept: boolean;
}

const NOTHING: StatisticsView = {
  statistics: null,
  models: [],
  error: null,
  asksForToken: false,
  refusals: 0,
  checking: false,
  tokenKept: true,
};

/** The numbers, reloaded every ten seconds while the page is visible; the token stays in this tab. */
export function useStatistics() {
  const [token, setToken] = useState(() => store.read(TOKEN_KEY, "tab"));
  const [view, setView] = useState(NOTHING);

  const load = useCallback(async (access: string | null, signal?: AbortSignal) => {
    try {
      const [statistics, models] = await Promise.all([fetchStatistics(access, signal), fetchModels(access, signal)]);
      const tokenKept = access === null || store.write(TOKEN_KEY, access, "tab") === "kept";
      setToken(access);
      setView({ ...NOTHING, statistics, models, tokenKept });
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof ApiError && error.code === "unauthorised") {
        store.remove(TOKEN_KEY, "tab");
        setToken(null);
        setView(({ refusals }) => ({
          ...NOTHING,
          asksForToken: true,
          refusals: access === null ? refusals : refusals + 1,
        }));
      } else {
        setView((last) => ({ ...last, error, checking: false }));
      }
    }
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: later tokens are tried by `tryToken`
  useEffect(() => {
    const abort = new AbortController();
    void load(token, abort.signal);
    return () => abort.abort();
  }, [load]);

  useEffect(() => {
    if (view.asksForToken) return;
    const timer = setInterval(() => document.visibilityState === "visible" && void load(token), REFRESH_MS);
    return () => clearInterval(timer);
  }, [load, token, view.asksForToken]);

  const tryToken = (access: string) => {
    setView((last) => ({ ...last, checking: true }));
    void load(access);
  };
  return { ...view, token, setToken: tryToken, reload: () => load(token) };
}
