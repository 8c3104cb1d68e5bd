// @vitest-environment jsdom
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test } from "vitest";
import { face } from "../../testing/faces.ts";
import { FaceList } from "./FaceList.tsx";

const FACES = [
  { key: 1, number: 1, face: face() },
  { key: 0, number: 2, face: face({ expression: "sad", confidence: 0.5 }) },
];

function List() {
  const [selected, setSelected] = useState(1);
  return (
    <FaceList faces={FACES} selected={selected} onSelect={setSelected} picture={{ url: "blob:x", size: [100, 100] }} />
  );
}

test("faces are named and picked with the arrow keys", async () => {
  render(<List />);
  const [first, second] = screen.getAllByRole("radio");
  expect(first).toHaveAccessibleName("Face 1: Happy, 90%");
  expect(first).toBeChecked();
  await userEvent.tab();
  expect(first).toHaveFocus();
  await userEvent.keyboard("{ArrowDown}");
  expect(second).toBeChecked();
  expect(second).toHaveAccessibleName("Face 2: Sad, 50%");
});
