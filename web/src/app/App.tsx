import { lazy, Suspense, useEffect, useRef } from "react";
import styles from "./App.module.css";
import { LoadProblem } from "./LoadProblem.tsx";
import { PicturePage } from "./PicturePage.tsx";
import { hrefOf, ROUTES, type Route, TITLES, useRoute } from "./routes.ts";

const LivePage = lazy(() => import("./LivePage.tsx"));
const DashboardPage = lazy(() => import("./DashboardPage.tsx"));
const PAGES: Record<Route, React.ComponentType> = { picture: PicturePage, live: LivePage, dashboard: DashboardPage };

export function App() {
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const Page = PAGES[route];
  useTitleAndFocus(route, main);

  return (
    <div className={styles.app}>
      <a
        className={styles.skip}
        href={hrefOf(route)}
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the content
      </a>
      <header className={styles.header}>
        <a className={styles.brand} href={hrefOf("picture")}>
          <Mark />
          <span>Expression recogniser</span>
        </a>
        <nav aria-label="Views" className={styles.views}>
          {ROUTES.map((name) => (
            <a key={name} href={hrefOf(name)} aria-current={name === route ? "page" : undefined}>
              {TITLES[name]}
            </a>
          ))}
        </nav>
      </header>
      <main ref={main} tabIndex={-1} className={styles.main}>
        <LoadProblem key={route}>
          <Suspense fallback={<p className={styles.loading}>Loading…</p>}>
            <Page />
          </Suspense>
        </LoadProblem>
      </main>
      <footer className={styles.footer}>
        <p>
          It says which expression a face shows in a picture. It does not say what somebody feels, and it is often
          wrong.
        </p>
      </footer>
    </div>
  );
}

function useTitleAndFocus(route: Route, main: React.RefObject<HTMLElement | null>) {
  const first = useRef(true);
  useEffect(() => {
    document.title = `${TITLES[route]} · Expression recogniser`;
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
    window.scrollTo(0, 0);
  }, [route, main]);
}

function Mark() {
  return (
    <svg
      width="28"
      height="28"
      viewBox="0 0 32 32"
      fill="none"
      stroke="currentColor"
      strokeWidth="2.5"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <path d="M4 10V7a3 3 0 0 1 3-3h3M22 4h3a3 3 0 0 1 3 3v3M28 22v3a3 3 0 0 1-3 3h-3M10 28H7a3 3 0 0 1-3-3v-3" />
      <path d="M12 13v1.5M20 13v1.5M11 19.5c2.8 2.8 7.2 2.8 10 0" />
    </svg>
  );
}
