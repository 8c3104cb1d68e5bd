import { useId } from "react";
import styles from "./ChoiceChips.module.css";

interface Props<Value extends string> {
  legend: string;
  choices: readonly { value: Value; name: string; note?: string }[];
  chosen: Value | null;
  onChoose: (value: Value) => void;
  disabled?: boolean;
}

/** One of a few, as radio buttons that look like chips. */
export function ChoiceChips<Value extends string>({
  legend,
  choices,
  chosen,
  onChoose,
  disabled = false,
}: Props<Value>) {
  const name = useId();
  return (
    <fieldset className={styles.chips} disabled={disabled}>
      <legend className={styles.legend}>{legend}</legend>
      {choices.map((choice) => (
        <label key={choice.value} className={styles.chip}>
          <input
            type="radio"
            name={name}
            value={choice.value}
            checked={choice.value === chosen}
            onChange={() => onChoose(choice.value)}
          />
          <span>
            {choice.name}
            {choice.note !== undefined && <span className={styles.note}> {choice.note}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
