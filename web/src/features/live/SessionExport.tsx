import { Button } from "../../ui/controls/Button.tsx";
import { downloadIcon } from "../../ui/controls/icons.tsx";
import { saveFile } from "../../ui/save_file.ts";
import { words } from "../../words/words.ts";
import styles from "./Live.module.css";
import type { SessionLog } from "./session_log.ts";

/** Saves the session's answers so far; nothing leaves the browser. */
export function SessionExport({ log }: { log: SessionLog }) {
  const save = () => saveFile(new Blob([log.csv()], { type: "text/csv" }), "live-session.csv");
  return (
    <div className={styles.export}>
      <Button size="small" icon={downloadIcon} disabled={log.size === 0} onClick={save}>
        {words.live.saveCsv}
      </Button>
      {log.full && <span>{words.live.rowsFull}</span>}
    </div>
  );
}
