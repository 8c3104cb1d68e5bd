import { useCallback, useRef, useState } from "react";
import { type Picture, PictureError, preparePicture } from "../../media/pictures.ts";

const EXPLANATIONS = {
  not_a_picture: "This browser cannot open that file as a picture. JPEG, PNG and WebP work.",
  too_large: "This file is too large to open here. Pictures of up to 64 MB work.",
};

/** The picture that a person brought, once it is ready to be sent. The latest one wins. */
export function usePicture() {
  const [picture, setPicture] = useState<Picture | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [preparing, setPreparing] = useState(false);
  const turn = useRef(0);

  const bring = useCallback(async (file: Blob, name: string) => {
    turn.current += 1;
    const mine = turn.current;
    setPreparing(true);
    setProblem(null);
    try {
      const prepared = await preparePicture(file, name);
      if (mine === turn.current) setPicture(prepared);
    } catch (error) {
      if (mine === turn.current)
        setProblem(EXPLANATIONS[error instanceof PictureError ? error.problem : "not_a_picture"]);
    } finally {
      if (mine === turn.current) setPreparing(false);
    }
  }, []);

  const clear = useCallback(() => {
    turn.current += 1;
    setPicture(null);
    setProblem(null);
    setPreparing(false);
  }, []);

  return { picture, problem, preparing, bring, clear };
}

export type Bring = ReturnType<typeof usePicture>["bring"];
