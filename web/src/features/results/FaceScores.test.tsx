// @vitest-environment jsdom
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { face } from "../../testing/faces.ts";
import { FaceScores, Verdict } from "./FaceScores.tsx";

const shown = () =>
  within(screen.getByRole("list", { name: "Score of each expression" }))
    .getAllByRole("listitem")
    .map((item) => item.textContent);

test("the top three scores are listed, and all seven in one order on demand", async () => {
  render(<FaceScores face={face()} />);
  expect(shown()).toEqual(["Happy90%", "Surprised10%", "Neutral0%"]);
  await userEvent.click(screen.getByRole("button", { name: "All seven scores" }));
  expect(shown()).toEqual(["Happy90%", "Surprised10%", "Neutral0%", "Sad0%", "Afraid0%", "Disgusted0%", "Angry0%"]);
});

test("a score is called a score", () => {
  render(<Verdict face={face({ confidence: 1 })} />);
  expect(screen.getByText("Happy").parentElement).toHaveTextContent("Happy score 99%+");
});

test("a face that no label fits well is not given one", () => {
  const scores = { ...face().scores, happy: 0.1, sad: 0.4, neutral: 0.3, surprised: 0.2 };
  render(<Verdict face={face({ expression: "sad", confidence: 0.4, scores })} />);
  expect(screen.getByText("Not sure").parentElement).toHaveTextContent("Not sure Sad or Neutral?");
});
