import { gzipSync } from "node:zlib";
import type { Plugin, Rolldown } from "vite";

interface Budget {
  firstLoadBytes: number;
  /** Parts of module paths that may not be in the first load. */
  lazy: string[];
}

/** Fails the build where the scripts that `index.html` loads grow too large or hold what should come later. */
export function bundleBudget({ firstLoadBytes, lazy }: Budget): Plugin {
  return {
    name: "bundle-budget",
    apply: "build",
    generateBundle(_, bundle) {
      const chunks = firstLoad(bundle);
      const bytes = chunks.reduce((sum, chunk) => sum + gzipSync(chunk.code).length, 0);
      const report = `first load: ${(bytes / 1024).toFixed(1)} KiB of JavaScript (gzip), ${firstLoadBytes / 1024} allowed`;
      if (bytes > firstLoadBytes) this.error(report);
      const early = chunks.flatMap((chunk) => chunk.moduleIds).filter((id) => lazy.some((part) => id.includes(part)));
      if (early.length > 0) this.error(`in the first load, but should be loaded later: ${early.join(", ")}`);
      this.info(report);
    },
  };
}

/** The entry chunks and all that they import at once. */
function firstLoad(bundle: Rolldown.OutputBundle): Rolldown.OutputChunk[] {
  const found = new Set<Rolldown.OutputChunk>();
  const visit = (output: Rolldown.OutputBundle[string] | undefined) => {
    if (output?.type !== "chunk" || found.has(output)) return;
    found.add(output);
    for (const name of output.imports) visit(bundle[name]);
  };
  for (const output of Object.values(bundle)) if (output.type === "chunk" && output.isEntry) visit(output);
  return [...found];
}
