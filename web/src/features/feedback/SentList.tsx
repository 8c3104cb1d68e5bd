import { useState, useSyncExternalStore } from "react";
import { withdraw } from "../../api/client.ts";
import { ApiError } from "../../api/errors.ts";
import { Button } from "../../ui/controls/Button.tsx";
import { undoIcon } from "../../ui/controls/icons.tsx";
import { Notice } from "../../ui/panels/Notice.tsx";
import { explain } from "../../words/explain.ts";
import { dayText, nameOf, words } from "../../words/words.ts";
import { forgetAll, isKept, markWithdrawn, onChange, type SentCorrection, sentCorrections } from "./receipts.ts";
import styles from "./SentList.module.css";

/** What this browser sent, and the way to take each of it back. */
export function SentList() {
  const list = useSyncExternalStore(onChange, sentCorrections);
  const kept = useSyncExternalStore(onChange, isKept);
  if (list.length === 0) return <p className="muted">{words.sent.none}</p>;
  return (
    <div className={styles.sent}>
      {!kept && <Notice kind="info">{words.sent.notKept}</Notice>}
      <ul className={styles.list}>
        {list.map((one) => (
          <Item key={one.receipt} sent={one} />
        ))}
      </ul>
      <p className="muted">{words.sent.removes}</p>
      <p className={styles.forget}>
        <Button size="small" onClick={forgetAll}>
          {words.sent.forget}
        </Button>
        <span className="muted">{words.sent.forgetMore}</span>
      </p>
    </div>
  );
}

function Item({ sent }: { sent: SentCorrection }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const { receipt, label, thumbnail, withdrawn } = sent;

  async function takeBack() {
    setBusy(true);
    setProblem(null);
    try {
      await withdraw(receipt);
      markWithdrawn(receipt);
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  }

  const gone = problem instanceof ApiError && problem.code === "not_found";
  return (
    <li className={styles.item}>
      {thumbnail === "" ? (
        <span className={styles.face} />
      ) : (
        <img className={styles.face} src={thumbnail} width="48" height="48" alt="" />
      )}
      <span className={styles.words}>
        <strong>{nameOf(label)}</strong>
        <span className="muted">
          {dayText(new Date(sent.sent))}
          {!withdrawn && `, ${words.sent.until(dayText(new Date(sent.validUntil)))}`}
        </span>
      </span>
      {withdrawn ? (
        <span role="status">{words.sent.withdrawn}</span>
      ) : (
        !gone && (
          <Button size="small" icon={undoIcon} busy={busy} onClick={takeBack}>
            {busy ? words.sent.withdrawing : words.sent.withdraw}
          </Button>
        )
      )}
      {problem !== null && <Notice kind="problem">{gone ? words.sent.gone : explain(problem)}</Notice>}
    </li>
  );
}
