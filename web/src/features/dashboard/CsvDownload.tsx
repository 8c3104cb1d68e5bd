import { useState } from "react";
import { csvUrl, fetchCsv } from "../../api/client.ts";

import { Button, buttonClass } from "../../ui/controls/Button.tsx";
import { downloadIcon } from "../../ui/controls/icons.tsx";
import { Notice } from "../../ui/panels/Notice.tsx";
import { saveFile } from "../../ui/save_file.ts";
import { explain } from "../../words/explain.ts";
import { words } from "../../words/words.ts";

/** A plain link without a token, whatever the size of the file; with one, the page has to fetch the file itself. */
export function CsvDownload({ token }: { token: string | null }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  async function download(access: string) {
    setBusy(true);
    setProblem(null);
    try {
      saveFile(await fetchCsv(access), "expression_pixel_data.csv");
    } catch (error) {
      setProblem(explain(error));
    } finally {
      setBusy(false);
    }
  }

  if (token === null) {
    return (
      <a className={buttonClass("primary")} href={csvUrl()} download="expression_pixel_data.csv">
        {downloadIcon}
        {words.dashboard.download}
      </a>
    );
  }
  return (
    <>
      <Button look="primary" icon={downloadIcon} busy={busy} onClick={() => download(token)}>
        {words.dashboard.download}
      </Button>
      {problem !== null && <Notice kind="problem">{problem}</Notice>}
    </>
  );
}
