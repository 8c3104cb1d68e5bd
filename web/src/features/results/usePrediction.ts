import { useEffect, useState } from "react";
import { type Prediction, predict } from "../../api/client.ts";

export type Outcome =
  | { status: "waiting" }
  | { status: "done"; prediction: Prediction }
  | { status: "failed"; error: unknown };

/** What the recogniser sees in a picture; `retry` asks once more. */
export function usePrediction(picture: Blob): { outcome: Outcome; retry: () => void } {
  const [tries, setTries] = useState(0);
  const [outcome, setOutcome] = useState<Outcome>({ status: "waiting" });

  // biome-ignore lint/correctness/useExhaustiveDependencies: another try is another request
  useEffect(() => {
    const abort = new AbortController();
    setOutcome({ status: "waiting" });
    predict(picture, abort.signal).then(
      (prediction) => setOutcome({ status: "done", prediction }),
      (error: unknown) => !abort.signal.aborted && setOutcome({ status: "failed", error }),
    );
    return () => abort.abort();
  }, [picture, tries]);

  return { outcome, retry: () => setTries((count) => count + 1) };
}
