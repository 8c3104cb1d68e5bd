import { useState } from "react";
import type { Prediction } from "../../api/client.ts";
import type { Picture } from "../../media/pictures.ts";
import { Button } from "../../ui/controls/Button.tsx";
import { copyIcon, downloadIcon, terminalIcon } from "../../ui/controls/icons.tsx";
import { saveFile } from "../../ui/save_file.ts";
import { words } from "../../words/words.ts";
import { annotated } from "./annotated.ts";
import { curlLine } from "./curl.ts";
import { boxesOf, type NumberedFace } from "./face_order.ts";

interface Props {
  picture: Picture;
  prediction: Prediction;
  faces: readonly NumberedFace[];
  selected: number;
}

/** What can be saved or copied: the picture with its boxes, the answer, and the command that asks for it. */
export function ResultTools({ picture, prediction, faces, selected }: Props) {
  const [said, setSaid] = useState<string | null>(null);

  async function copy(text: string, done: string) {
    try {
      await navigator.clipboard.writeText(text);
      setSaid(done);
    } catch {
      setSaid(words.photo.notCopied);
    }
  }

  const name = picture.name.replace(/\.[^.]*$/, "") || "photo";
  return (
    <>
      {faces.length > 0 && (
        <Button
          size="small"
          icon={downloadIcon}
          onClick={async () => saveFile(await annotated(picture, boxesOf(faces), selected), `${name}-expressions.png`)}
        >
          {words.photo.save}
        </Button>
      )}
      <Button
        size="small"
        icon={copyIcon}
        onClick={() => copy(JSON.stringify(prediction, null, 2), words.photo.jsonCopied)}
      >
        {words.photo.copyJson}
      </Button>
      <Button
        size="small"
        icon={terminalIcon}
        onClick={() => copy(curlLine(document.baseURI, picture.name, picture.blob.type), words.photo.curlCopied)}
      >
        {words.photo.copyCurl}
      </Button>
      <span role="status" className="muted">
        {said}
      </span>
    </>
  );
}
