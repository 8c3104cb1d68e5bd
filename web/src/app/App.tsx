import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { type TakenFile, useDropAndPaste } from "../features/capture/files.ts";
import { LANGUAGES, type Language, words } from "../words/words.ts";
import styles from "./App.module.css";
import type { Desk, Entry } from "./desk.ts";
import { LazyPage, LoadProblem } from "./Page.tsx";
import { PhotoPage } from "./PhotoPage.tsx";
import { go, hrefOf, type Route, useRoute, VIEWS, type View, viewOf } from "./routes.ts";
import { StartPage } from "./StartPage.tsx";
import { useFocusKept } from "./useFocusKept.ts";

const loadLive = () => import("./LivePage.tsx");
const loadDashboard = () => import("./DashboardPage.tsx");
const loadSent = () => import("./SentPage.tsx");
const loadPhotos = () => import("./PhotosPage.tsx");

interface Props {
  desk: Desk;
  onLanguage: (language: Language) => void;
}

export function App({ desk, onLanguage }: Props) {
  const route = useRoute();
  const entries = useSyncExternalStore(desk.subscribe, desk.all);
  const main = useRef<HTMLElement>(null);
  const [shown, setShown] = useState<number | null>(null);
  const take = useCallback(
    (files: TakenFile[]) => {
      const [first, ...more] = desk.add(files);
      if (first !== undefined) go(more.length === 0 ? { page: "photo", id: first } : { page: "photos" });
    },
    [desk],
  );
  const hovering = useDropAndPaste(take);
  useFocusKept(main);
  useTitleAndFocus(hrefOf(route), titleOf(route), main);

  const opened = route.page === "photo" ? route.id : route.page === "start" ? null : undefined;
  useEffect(() => {
    if (opened !== undefined) setShown(opened);
  }, [opened]);

  const photo = entries.find(({ id }) => id === shown);
  const hrefs: Record<View, string> = {
    photo: hrefOf(photo === undefined ? { page: "start" } : { page: "photo", id: photo.id }),
    live: hrefOf({ page: "live" }),
    dashboard: hrefOf({ page: "dashboard" }),
  };

  return (
    <div className={styles.app}>
      <header className={styles.header}>
        <a
          className={styles.skip}
          href={hrefOf(route)}
          onClick={(event) => {
            event.preventDefault();
            main.current?.focus();
          }}
        >
          {words.skip}
        </a>
        <a className={styles.brand} href={hrefOf({ page: "start" })} aria-label={words.appName}>
          <Mark />
          <span>{words.appName}</span>
        </a>
        <nav aria-label={words.views} className={styles.views}>
          {VIEWS.map((view) => (
            <a key={view} href={hrefs[view]} aria-current={view === viewOf(route) ? "page" : undefined}>
              {words.titles[view]}
            </a>
          ))}
        </nav>
      </header>
      <main ref={main} tabIndex={-1} className={styles.main}>
        <LoadProblem key={hrefOf(route)}>
          <Content route={route} desk={desk} entries={entries} take={take} />
        </LoadProblem>
      </main>
      <Footer onLanguage={onLanguage} />
      {hovering && (
        <div className={styles.dropping} aria-hidden="true">
          {words.dropHere}
        </div>
      )}
    </div>
  );
}

interface ContentProps {
  route: Route;
  desk: Desk;
  entries: readonly Entry[];
  take: (files: TakenFile[]) => void;
}

function Content({ route, desk, entries, take }: ContentProps) {
  const entry = route.page === "photo" ? entries.find(({ id }) => id === route.id) : undefined;
  if (entry !== undefined) return <PhotoPage key={entry.id} desk={desk} entries={entries} entry={entry} />;
  if (route.page === "live") return <LazyPage load={loadLive} given={{}} />;
  if (route.page === "dashboard") return <LazyPage load={loadDashboard} given={{}} />;
  if (route.page === "sent") return <LazyPage load={loadSent} given={{}} />;
  if (route.page === "photos") return <LazyPage load={loadPhotos} given={{ desk, entries }} />;
  return <StartPage desk={desk} entries={entries} take={take} />;
}

function Footer({ onLanguage }: { onLanguage: (language: Language) => void }) {
  return (
    <footer className={styles.footer}>
      <p>{words.footer}</p>
      <p className={styles.languages}>
        <a href={hrefOf({ page: "sent" })}>{words.titles.sent}</a>
        {(Object.keys(LANGUAGES) as Language[])
          .filter((language) => LANGUAGES[language] !== words.name)
          .map((language) => (
            <button key={language} type="button" lang={language} onClick={() => onLanguage(language)}>
              {LANGUAGES[language]}
            </button>
          ))}
      </p>
    </footer>
  );
}

function titleOf({ page }: Route): string {
  return page === "start" ? words.titles.photo : words.titles[page];
}

function useTitleAndFocus(href: string, title: string, main: React.RefObject<HTMLElement | null>) {
  const last = useRef(href);
  useEffect(() => {
    document.title = `${title} · ${words.appName}`;
    if (last.current === href) return;
    last.current = href;
    main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [href, title, main]);
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
