import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { curlLine } from "./curl.ts";

test.each(["photo.jpg", "my photo (1).jpg", 'it\'s $HOME; rm -rf `x` "y".png'])(
  "a shell reads %s as one word",
  (name) => {
    const line = curlLine("http://127.0.0.1:8080/app/#/photo/1", name, "image/jpeg");
    const words = execFileSync("sh", ["-c", line.replace(/^curl/, 'printf "%s\\n"')], { encoding: "utf8" }).split("\n");
    expect(words).toEqual([
      "-s",
      "-H",
      "Content-Type: image/jpeg",
      "--data-binary",
      `@${name}`,
      "http://127.0.0.1:8080/app/predict_expression?annotate=none",
      "",
    ]);
  },
);
