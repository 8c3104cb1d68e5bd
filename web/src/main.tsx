import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App.tsx";
import { Desk } from "./app/desk.ts";
import * as settings from "./media/browser_store.ts";
import "./ui/base.css";
import { type Language, languageFor, speak } from "./words/words.ts";

const LANGUAGE_KEY = "language";

const element = document.getElementById("root");
if (element === null) throw new Error("index.html has no element with the id root");
const root = createRoot(element);
const desk = new Desk();

async function show(language: Language): Promise<void> {
  await speak(language);
  root.render(
    <StrictMode>
      <App key={language} desk={desk} onLanguage={choose} />
    </StrictMode>,
  );
}

function choose(language: Language): void {
  settings.write(LANGUAGE_KEY, language, "browser");
  void show(language);
}

void show(languageFor([settings.read(LANGUAGE_KEY, "browser"), ...navigator.languages]));

if (import.meta.env.PROD && "serviceWorker" in navigator) {
  // Without one, or where the browser forbids it, the page still works, but needs a network.
  navigator.serviceWorker.register("sw.js").catch(() => undefined);
}
