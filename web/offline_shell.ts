import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { Plugin } from "vite";

/** Writes `sw.js`: the service worker with the list of all files that the page consists of, and a digest of them. */
export function offlineShell(template: string, publicFolder: string): Plugin {
  return {
    name: "offline-shell",
    apply: "build",
    generateBundle(_, bundle) {
      const built = Object.keys(bundle).filter((name) => name !== "index.html");
      const files = ["./", ...built, ...readdirSync(publicFolder)].sort();
      const digest = createHash("sha256").update(JSON.stringify(files)); // names of built files hold their content's digest
      for (const name of readdirSync(publicFolder)) digest.update(readFileSync(`${publicFolder}/${name}`));
      const page = bundle["index.html"];
      if (page?.type === "asset") digest.update(page.source);
      const source = readFileSync(template, "utf8")
        .replace("__FILES__", JSON.stringify(files))
        .replace("__DIGEST__", digest.digest("hex").slice(0, 16));
      this.emitFile({ type: "asset", fileName: "sw.js", source });
    },
  };
}
