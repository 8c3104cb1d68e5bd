import { type ReactNode, useId } from "react";
import styles from "./ChoiceChips.module.css";

interface Choice<Value extends string | number> {
  value: Value;
  content: ReactNode;
  /** The accessible name, where the content is not just text. */
  label?: string;
}

interface Props<Value extends string | number> {
  legend: string;
  legendHidden?: boolean;
  choices: readonly Choice<Value>[];
  chosen: Value | null;
  onChoose: (value: Value) => void;
  disabled?: boolean;
}

/** Radio buttons that look like chips. */
export function ChoiceChips<Value extends string | number>(props: Props<Value>) {
  const { legend, legendHidden = false, choices, chosen, onChoose, disabled = false } = props;
  const name = useId();
  return (
    <fieldset className={styles.chips} disabled={disabled}>
      <legend className={legendHidden ? "visually-hidden" : styles.legend}>{legend}</legend>
      {choices.map(({ value, content, label }) => (
        <label key={value} className={styles.chip}>
          <input
            type="radio"
            name={name}
            value={value}
            checked={value === chosen}
            onChange={() => onChoose(value)}
            aria-label={label}
          />
          <span aria-hidden={label !== undefined}>{content}</span>
        </label>
      ))}
    </fieldset>
  );
}
