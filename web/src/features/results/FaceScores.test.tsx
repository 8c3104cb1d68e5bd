// @vitest-environment jsdom
import { render, screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { face } from "../../testing/faces.ts";
import { FaceScores } from "./FaceScores.tsx";

test("all seven scores are listed in one order, whatever the face shows", () => {
  render(<FaceScores face={face()} />);
  const list = within(screen.getByRole("list", { name: "Score of each expression" }));
  expect(list.getAllByRole("listitem").map((item) => item.textContent)).toEqual([
    "Happy90 %",
    "Surprised10 %",
    "Neutral0 %",
    "Sad0 %",
    "Fear0 %",
    "Disgusted0 %",
    "Angry0 %",
  ]);
});
