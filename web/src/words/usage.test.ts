import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { DE } from "./de.ts";
import { EN } from "./en.ts";

const SOURCES = resolve(import.meta.dirname, "..");
const TRANSLATIONS = { EN, DE };

/** All of the page's code except the words themselves and the tests. */
function code(): string {
  return (readdirSync(SOURCES, { recursive: true }) as string[])
    .filter((name) => /\.tsx?$/.test(name) && !/\.test\.|words\/(en|de)\.ts$|^testing\//.test(name))
    .map((name) => readFileSync(resolve(SOURCES, name), "utf8"))
    .join("\n");
}

/** `words.live.pause` as "live.pause", `words.errors[code]` as "errors[]"; destructured names count as well. */
function usedIn(text: string): Set<string> {
  const direct = [...text.matchAll(/(?<![\w./"])words((?:\??\.(?!ts\b)\w+)+)(\[)?/g)].map(([, path = "", index = ""]) =>
    path
      .replaceAll("?", "")
      .slice(1)
      .concat(index && "[]"),
  );
  const taken = [...text.matchAll(/const \{([^}]*)\} = words\.([\w.]+)/g)].flatMap(([, names = "", path]) =>
    names.split(",").map((name) => `${path}.${name.trim()}`),
  );
  return new Set([...direct, ...taken]);
}

/** The paths of all words. */
function leaves(words: unknown, path: string[] = []): string[][] {
  if (typeof words !== "object" || words === null || Array.isArray(words)) return [path];
  return Object.entries(words).flatMap(([key, part]) => leaves(part, [...path, key]));
}

const TEXT = code();
const USED = usedIn(TEXT);

test.each(Object.entries(TRANSLATIONS))("every word of %s is used", (_, words) => {
  const unused = leaves(words).filter((path) => {
    const [key = ""] = path.slice(-1);
    const group = path.slice(0, -1).join(".");
    const isMethodOf = [...USED].some((used) => used.startsWith(`${path.join(".")}.`)); // `words.tag.length`
    const byKey = USED.has(`${group}[]`) && new RegExp(`["']${key}["']|\\b${key}: `).test(TEXT);
    return !USED.has(path.join(".")) && !isMethodOf && !byKey;
  });
  expect(unused.map((path) => path.join("."))).toEqual([]);
});

test.each(Object.entries(TRANSLATIONS))("every used word is one of %s", (_, words) => {
  const said = leaves(words).map((path) => path.join("."));
  const missing = [...USED].filter((used) => {
    const path = used.replace("[]", "");
    return !said.some((one) => one === path || one.startsWith(`${path}.`) || path.startsWith(`${one}.`));
  });
  expect(missing).toEqual([]);
});

test("words are found however they are used", () => {
  expect(usedIn("a(words.live.pause, words.errors[code], words?.tag); const { save } = words.photo;")).toEqual(
    new Set(["live.pause", "errors[]", "tag", "photo", "photo.save"]),
  );
});
