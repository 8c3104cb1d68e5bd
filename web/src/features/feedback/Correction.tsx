import { useRef, useState, useSyncExternalStore } from "react";
import type { Box, Label } from "../../api/client.ts";
import { type Expression, isUnsure, LABELS } from "../../api/expressions.ts";
import { Button } from "../../ui/Button.tsx";
import { ChoiceChips } from "../../ui/ChoiceChips.tsx";
import { checkIcon, crossIcon } from "../../ui/icons.tsx";
import { Notice } from "../../ui/Notice.tsx";
import { useFocusOnMount } from "../../ui/useFocusOnMount.ts";
import { explain } from "../../words/explain.ts";
import { nameOf, words } from "../../words/words.ts";
import styles from "./Correction.module.css";
import type { CorrectionState, Corrections } from "./corrections.ts";

interface Props {
  corrections: Corrections;
  /** Which of the picture's faces is meant. */
  index: number;
  face: { box: Box; expression: Expression; confidence: number };
}

/** Asks whether the label is right, says what an answer stores, and shows that it arrived. */
export function Correction({ corrections, index, face }: Props) {
  useSyncExternalStore(corrections.subscribe, corrections.version);
  const state = corrections.of(index);
  const unsure = isUnsure(face);
  const [open, setOpen] = useState(unsure || (state.label !== null && state.label !== face.expression));
  const sentBefore = useRef(state.status === "sent");
  const confirming = state.label === face.expression && !open;

  function confirm() {
    if (state.label !== face.expression) corrections.choose(index, face.expression);
    void corrections.send(index, face.box);
  }

  if (state.status === "sent") return <Stored label={state.label} justSent={!sentBefore.current} />;
  return (
    <div className={styles.correction}>
      {open ? (
        <Choice
          unsure={unsure}
          state={state}
          expression={face.expression}
          onChoose={(label) => corrections.choose(index, label)}
          onSend={() => void corrections.send(index, face.box)}
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
  /** Whether nobody asked for the labels: then they may not take the focus. */
  unsure: boolean;
  state: CorrectionState;
  expression: Expression;
  onChoose: (label: Label) => void;
  onSend: () => void;
}

function Choice({ unsure, state, expression, onChoose, onSend }: ChoiceProps) {
  const ref = useFocusOnMount<HTMLFormElement>(!unsure && state.label === null);
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
        chosen={state.label}
        onChoose={onChoose}
        disabled={sending}
      />
      <Button type="submit" look="primary" busy={sending} disabled={state.label === null}>
        {sending
          ? words.correction.submitting
          : state.status === "failed"
            ? words.correction.again
            : words.correction.submit}
      </Button>
    </form>
  );
}

function Stored({ label, justSent }: { label: Label; justSent: boolean }) {
  const ref = useFocusOnMount<HTMLDivElement>(justSent); // the button that had it is gone
  return (
    <div ref={ref} tabIndex={-1} role="status" className={styles.stored}>
      <span className={styles.tick}>{checkIcon}</span>
      <p>
        <strong>{words.correction.stored(nameOf(label))}</strong> {words.correction.thanks}{" "}
        <a href="#/dashboard">{words.correction.seeAll}</a>
      </p>
    </div>
  );
}
