import { useRef, useState, useSyncExternalStore } from "react";
import type { Label } from "../../api/client.ts";
import { type Expression, isUnsure, LABELS } from "../../api/expressions.ts";
import { Button, buttonClass } from "../../ui/controls/Button.tsx";
import { ChoiceChips } from "../../ui/controls/ChoiceChips.tsx";
import { checkIcon, crossIcon, undoIcon } from "../../ui/controls/icons.tsx";
import { Notice } from "../../ui/panels/Notice.tsx";
import { useFocusOnMount } from "../../ui/useFocusOnMount.ts";
import { explain } from "../../words/explain.ts";
import { nameOf, words } from "../../words/words.ts";
import styles from "./Correction.module.css";
import type { CorrectedFace, CorrectionState, Corrections } from "./corrections.ts";

interface Props {
  corrections: Corrections;
  /** Which of the picture's faces is meant. */
  index: number;
  face: CorrectedFace & { confidence: number };
}

/** Asks whether the label is right, says what an answer stores, and shows that it arrived. */
export function Correction({ corrections, index, face }: Props) {
  useSyncExternalStore(corrections.subscribe, corrections.version);
  const state = corrections.of(index);
  const unsure = isUnsure(face);
  const label = state.status === "undone" ? null : state.label;
  const [open, setOpen] = useState(unsure || (label !== null && label !== face.expression));
  const isThere = state.status === "sent" || state.status === "undoing" || state.status === "stuck";
  const wasThere = useRef(isThere);
  const wasUndone = useRef(state.status === "undone");
  const confirming = label === face.expression && !open;

  function confirm() {
    if (label !== face.expression) corrections.choose(index, face.expression);
    void corrections.send(index, face);
  }

  function undo() {
    setOpen(unsure);
    void corrections.undo(index);
  }

  if (isThere) return <Stored state={state} justSent={!wasThere.current} onUndo={undo} />;
  return (
    <div className={styles.correction}>
      {state.status === "undone" && <Undone justNow={!wasUndone.current} />}
      {open ? (
        <Choice
          wantsFocus={!unsure && label === null}
          state={state}
          label={label}
          expression={face.expression}
          onChoose={(chosen) => corrections.choose(index, chosen)}
          onSend={() => void corrections.send(index, face)}
        />
      ) : (
        <fieldset className={styles.question}>
          <legend>{words.correction.question(nameOf(face.expression))}</legend>
          <Button icon={checkIcon} busy={confirming && state.status === "sending"} onClick={confirm}>
            {state.status === "failed" ? words.correction.again : words.correction.correct}
          </Button>
          <Button icon={crossIcon} disabled={state.status === "sending"} onClick={() => setOpen(true)}>
            {words.correction.wrong}
          </Button>
        </fieldset>
      )}
      {state.status === "failed" && (
        <Notice kind="problem">
          {explain(state.error)} {words.correction.safe}
        </Notice>
      )}
      <p className={styles.stores}>{words.correction.stores}</p>
    </div>
  );
}

interface ChoiceProps {
  /** Not if the labels are shown unasked. */
  wantsFocus: boolean;
  state: CorrectionState;
  label: Label | null;
  expression: Expression;
  onChoose: (label: Label) => void;
  onSend: () => void;
}

function Choice({ wantsFocus, state, label, expression, onChoose, onSend }: ChoiceProps) {
  const ref = useFocusOnMount<HTMLFormElement>(wantsFocus);
  const sending = state.status === "sending";
  return (
    <form
      ref={ref}
      tabIndex={-1}
      className={styles.choice}
      onSubmit={(event) => {
        event.preventDefault();
        onSend();
      }}
    >
      <ChoiceChips
        legend={words.correction.legend}
        choices={LABELS.map((label) => ({
          value: label,
          content: label === expression ? words.correction.predicted(nameOf(label)) : nameOf(label),
        }))}
        chosen={label}
        onChoose={onChoose}
        disabled={sending}
      />
      <Button type="submit" look="primary" busy={sending} disabled={label === null}>
        {sending
          ? words.correction.submitting
          : state.status === "failed"
            ? words.correction.again
            : words.correction.submit}
      </Button>
    </form>
  );
}

interface StoredProps {
  state: Extract<CorrectionState, { receipt: unknown }>;
  justSent: boolean;
  onUndo: () => void;
}

function Stored({ state, justSent, onUndo }: StoredProps) {
  const ref = useFocusOnMount<HTMLDivElement>(justSent); // the button that had it is gone
  const undoing = state.status === "undoing";
  return (
    <div className={styles.correction}>
      <div ref={ref} tabIndex={-1} role="status" className={styles.stored}>
        <span className={styles.tick}>{checkIcon}</span>
        <p>
          <strong>{words.correction.stored(nameOf(state.label))}</strong> {words.correction.thanks}
        </p>
      </div>
      {state.status === "stuck" && <Notice kind="problem">{explain(state.error)}</Notice>}
      <div className={styles.question}>
        <Button size="small" icon={undoIcon} busy={undoing} onClick={onUndo}>
          {undoing ? words.correction.undoing : words.correction.undo}
        </Button>
        <a className={buttonClass("plain", "small")} href="#/sent">
          {words.titles.sent}
        </a>
        <a className={buttonClass("plain", "small")} href="#/dashboard">
          {words.correction.seeAll}
        </a>
      </div>
    </div>
  );
}

function Undone({ justNow }: { justNow: boolean }) {
  const ref = useFocusOnMount<HTMLParagraphElement>(justNow); // the button that had it is gone
  return (
    <p ref={ref} tabIndex={-1} role="status" className={styles.stored}>
      {words.correction.undone}
    </p>
  );
}
