import type { Label } from "../api/client.ts";
import { EN, type Words } from "./en.ts";

const TRANSLATIONS: Record<string, () => Promise<Words>> = {
  de: async () => (await import("./de.ts")).DE,
};
export const LANGUAGES = { en: EN.name, de: "Deutsch" };
export type Language = keyof typeof LANGUAGES;

/** What the page says, in the language that `speak` chose; English before. */
export let words: Words = EN;

/** Load and use a language; where it cannot be loaded, the page stays as it is. */
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

/** A score of 0…1 for people, as the contract says: whole per cent, and never a certainty that it is not. */
export function scoreText(score: number): string {
  return score >= 0.995 ? words.percent.almostAll : shareText(score);
}

/** A counted share of 0…1: here all is all. */
export function shareText(share: number): string {
  if (share > 0 && share < 0.005) return words.percent.almostNone;
  if (share < 1 && share >= 0.995) return words.percent.almostAll;
  return words.percent.whole(Math.floor(share * 100 + 0.5));
}

export function countText(count: number): string {
  return count.toLocaleString(words.tag);
}

/** The server keeps the day of a correction in UTC, and no time. */
export function dayText(time: Date): string {
  return new Intl.DateTimeFormat(words.tag, { dateStyle: "medium", timeZone: "UTC" }).format(time);
}
