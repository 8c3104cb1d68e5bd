import { useEffect, useRef } from "react";
import type { Label } from "../../api/client.ts";
import { explain } from "../../api/errors.ts";
import { type Expression, LABELS, nameOf } from "../../api/expressions.ts";
import { Button } from "../../ui/Button.tsx";
import { ChoiceChips } from "../../ui/ChoiceChips.tsx";
import { checkIcon } from "../../ui/icons.tsx";
import { Notice } from "../../ui/Notice.tsx";
import styles from "./Correction.module.css";
import type { CorrectionState } from "./useCorrections.ts";

interface Props {
  /** What the recogniser said. */
  expression: Expression;
  state: CorrectionState;
  onChoose: (label: Label) => void;
  onSend: () => void;
}

/** Says what is stored, takes the right label, and shows that it arrived. */
export function Correction({ expression, state, onChoose, onSend }: Props) {
  if (state.status === "sent") return <Arrived label={state.label} />;
  const sending = state.status === "sending";
  return (
    <form
      className={styles.correction}
      onSubmit={(event) => {
        event.preventDefault();
        onSend();
      }}
    >
      <ChoiceChips
        legend="Which expression does it show?"
        choices={LABELS.map((label) => ({
          value: label,
          content: (
            <>
              {nameOf(label)}
              {label === expression && <span className={styles.note}> as recognised</span>}
            </>
          ),
        }))}
        chosen={state.label}
        onChoose={onChoose}
        disabled={sending}
      />
      <p className={`muted ${styles.stored}`}>
        Sending stores this face as 48 × 48 grey pixels, the label and the date. Nothing else: no picture, no name, no
        address.
      </p>
      {state.status === "failed" && (
        <Notice kind="problem">{explain(state.error)} Nothing is lost: sending again stores it once only.</Notice>
      )}
      <Button type="submit" look="primary" busy={sending} disabled={state.label === null}>
        {sending ? "Sending…" : state.status === "failed" ? "Send again" : "Send the label"}
      </Button>
    </form>
  );
}

function Arrived({ label }: { label: Label }) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => ref.current?.focus(), []); // the button that had it is gone
  return (
    <div ref={ref} tabIndex={-1} role="status" className={styles.arrived}>
      <span className={styles.tick}>{checkIcon}</span>
      <p>
        <strong>Stored as “{nameOf(label)}”.</strong> Thank you. It is in the CSV now;{" "}
        <a href="#/dashboard">see all of them</a>.
      </p>
    </div>
  );
}
