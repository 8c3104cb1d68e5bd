// Terraform's own formatter, compiled to WebAssembly: `node hcl_format.mjs [--check] directory`.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import hclTools from "@cdktf/hcl-tools";

const check = process.argv.includes("--check");
const directory = process.argv.filter((word) => word !== "--check")[2];
const files = readdirSync(directory).filter((name) => name.endsWith(".tf"));
let badly = 0;
for (const file of files.map((name) => join(directory, name))) {
  const text = readFileSync(file, "utf8");
  const formatted = await hclTools.format(text);
  if (formatted === text) continue;
  badly += 1;
  console.log(`${file}: ${check ? "not formatted; run `make fmt-infra`" : "formatted"}`);
  if (!check) writeFileSync(file, formatted);
}
if (files.length === 0) throw new Error(`no Terraform files in ${directory}`);
if (check) console.log(`${files.length - badly} of ${files.length} files are formatted`);
process.exit(check && badly ? 1 : 0);
