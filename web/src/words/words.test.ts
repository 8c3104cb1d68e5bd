// @vitest-environment jsdom
import { afterEach, expect, test } from "vitest";
import { ApiError } from "../api/errors.ts";
import { LABELS } from "../api/expressions.ts";
import { PictureError } from "../media/pictures.ts";
import { DE } from "./de.ts";
import { EN } from "./en.ts";
import { explain, isWorthRetrying } from "./explain.ts";
import { languageFor, nameOf, scoreText, shareText, speak, words } from "./words.ts";

afterEach(() => speak("en"));

test.each([
  [0, "0%", "0%"],
  [0.0049, "<1%", "<1%"],
  [0.005, "1%", "1%"],
  [0.125, "13%", "13%"],
  [0.5, "50%", "50%"],
  [0.9949, "99%", "99%"],
  [0.995, "99%+", "99%+"],
  [1, "99%+", "100%"],
])("%d reads %s as a score and %s as a share", (number, score, share) => {
  expect(scoreText(number)).toBe(score);
  expect(shareText(number)).toBe(share);
});

test("each label has a name of its own", () => {
  expect(new Set(LABELS.map(nameOf)).size).toBe(8);
});

test.each([
  [["de-AT", "en"], "de"],
  [[null, "fr-FR", "en-US"], "en"],
  [["fr"], "en"],
  [[], "en"],
])("of %j the page speaks %s", (wanted, language) => {
  expect(languageFor(wanted)).toBe(language);
});

test("a translation says all that English says, and is one file", () => {
  const left = (path: string, english: unknown, german: unknown): string[] => {
    if (typeof english === "object" && english !== null) {
      const parts = Object.entries(english);
      return parts.flatMap(([key, part]) => left(`${path}.${key}`, part, (german as Record<string, unknown>)[key]));
    }
    return typeof german === typeof english && german !== "" ? [] : [path];
  };
  expect(left("", EN, DE)).toEqual([]);
});

test("the language can be changed while the page is open", async () => {
  await speak("de");
  expect(nameOf("happy")).toBe("Fröhlich");
  expect(scoreText(1)).toBe("> 99 %");
  await speak("en");
  expect(words).toBe(EN);
});

test("the server's own words are shown only for what was wrong with the input", () => {
  const refused = new ApiError("invalid_input", { retryable: false, detail: "There is no face at 'box'." });
  expect(explain(refused)).toBe("There is no face at 'box'.");
  expect(explain(new ApiError("internal", { retryable: false, detail: "Traceback" }))).not.toContain("Traceback");
});

test("every cause has words of its own, and another try is offered only where it may help", () => {
  expect(explain(new ApiError("offline", { retryable: true }))).toContain("offline");
  expect(explain(new ApiError("timeout", { retryable: true, seconds: 60 }))).toContain("60 seconds");
  expect(explain(new PictureError("heic"))).toContain("HEIC");
  expect(explain(new ApiError("newer" as "internal", { retryable: false }))).toBe(EN.errors.internal);
  expect(explain(new TypeError("x is undefined"))).toBe(EN.errors.page);
  expect(isWorthRetrying(new ApiError("unreachable", { retryable: true }))).toBe(true);
  expect(isWorthRetrying(new PictureError("truncated"))).toBe(false);
});
