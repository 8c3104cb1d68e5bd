import { useState } from "react";
import { annotatedPicture } from "../../api/client.ts";
import { explain } from "../../api/errors.ts";
import { Button } from "../../ui/Button.tsx";
import { downloadIcon } from "../../ui/icons.tsx";
import { Notice } from "../../ui/Notice.tsx";
import { saveFile } from "../../ui/save_file.ts";

/** Saves the picture with the boxes and labels that the server draws. */
export function AnnotatedDownload({ picture, name }: { picture: Blob; name: string }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  async function download() {
    setBusy(true);
    setProblem(null);
    try {
      saveFile(await annotatedPicture(picture), `${name.replace(/\.[^.]*$/, "") || "picture"}-expressions.png`);
    } catch (error) {
      setProblem(explain(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <Button icon={downloadIcon} busy={busy} onClick={download}>
        Save with boxes
      </Button>
      {problem !== null && <Notice kind="problem">{problem}</Notice>}
    </>
  );
}
