import type { Label } from "../api/client.ts";
import { EN, type Words } from "./en.ts";

const TRANSLATIONS: Record<string, () => Promise<Words>> = {
  de: async () => (await import("./de.ts")).DE,
};
export const LANGUAGES = { en: EN.name, de: "Deutsch" };
export type Language = keyof typeof LANGUAGES;

/** What the page says, in the language chosen by `speak`; English until then. */
export let words: Words = EN;

/** Load a language and switch to it; if it cannot be loaded, nothing changes. */
export async function speak(language: Language): Promise<void> {
  try {
    words = (await TRANSLATIONS[language]?.()) ?? EN;
  } catch {
    return;
  }
  document.documentElement.lang = words.tag;
}

/** The first of the wanted languages that the page speaks. */
export function languageFor(wanted: readonly (string | null)[]): Language {
  for (const tag of wanted) {
    const language = tag?.slice(0, 2).toLowerCase();
    if (language !== undefined && language in LANGUAGES) return language as Language;
  }
  return "en";
}

export function nameOf(label: Label): string {
  return words.labels[label];
}

/** A score of 0…1 as text: whole per cent, as the contract says, and never 100% for what is not certain. */
export function scoreText(score: number): string {
  return score >= 0.995 ? words.percent.almostAll : shareText(score);
}

/** A counted share of 0…1 as text; here 100% is exact. */
export function shareText(share: number): string {
  if (share > 0 && share < 0.005) return words.percent.almostNone;
  if (share < 1 && share >= 0.995) return words.percent.almostAll;
  return words.percent.whole(Math.floor(share * 100 + 0.5));
}

export function countText(count: number): string {
  return count.toLocaleString(words.tag);
}

/** A date as text, in UTC: the server keeps the day of a correction, not its time. */
export function dayText(time: Date): string {
  return new Intl.DateTimeFormat(words.tag, { dateStyle: "medium", timeZone: "UTC" }).format(time);
}
