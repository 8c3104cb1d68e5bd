import { Component, type ComponentType, lazy, type ReactNode, Suspense, useMemo, useState } from "react";
import { Button } from "../ui/controls/Button.tsx";
import { Notice } from "../ui/panels/Notice.tsx";
import { words } from "../words/words.ts";
import styles from "./App.module.css";

const LOAD_TIMEOUT_MS = 20_000;

interface Props<Given extends object> {
  load: () => Promise<{ default: ComponentType<Given> }>;
  given: Given;
}

/** A view whose code is loaded when it is opened, and can be requested again if that failed. */
export function LazyPage<Given extends object>({ load, given }: Props<Given>) {
  const [tries, setTries] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `lazy` remembers a failure, so another try needs another one
  const View = useMemo(() => lazy(() => inTime(load())), [load, tries]);
  return (
    <LoadProblem key={tries} onRetry={() => setTries(tries + 1)}>
      <Suspense fallback={<p className={styles.loading}>{words.loading}</p>}>
        <View {...given} />
      </Suspense>
    </LoadProblem>
  );
}

/** What is loaded, or an error where it does not come; a browser would wait for it for ever. */
async function inTime<Loaded>(loading: Promise<Loaded>): Promise<Loaded> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("not loaded in time")), LOAD_TIMEOUT_MS);
  });
  try {
    return await Promise.race([loading, late]);
  } finally {
    clearTimeout(timer);
  }
}

interface ProblemProps {
  children: ReactNode;
  onRetry?: () => void;
}

/** Shown in place of a view that could not be loaded or crashed. */
export class LoadProblem extends Component<ProblemProps, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    const { onRetry } = this.props;
    const action = (
      <span className={styles.tools}>
        {onRetry !== undefined && <Button onClick={onRetry}>{words.tryAgain}</Button>}
        <Button onClick={() => window.location.reload()}>{words.reload}</Button>
      </span>
    );
    return (
      <Notice kind="problem" action={action}>
        <strong>{words.cannotLoadPage}</strong> {words.cannotLoadPageMore}
      </Notice>
    );
  }
}
