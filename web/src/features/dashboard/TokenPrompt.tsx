import { useEffect, useId, useRef, useState } from "react";
import { Button } from "../../ui/controls/Button.tsx";
import { Notice } from "../../ui/panels/Notice.tsx";
import { words } from "../../words/words.ts";
import styles from "./Dashboard.module.css";

interface Props {
  /** How many tokens were refused so far. */
  refusals: number;
  checking: boolean;
  onToken: (token: string) => void;
}

/** Asks for the token if the server requires one for its numbers. */
export function TokenPrompt({ refusals, checking, onToken }: Props) {
  const [token, setToken] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const id = useId();

  useEffect(() => {
    if (refusals === 0) return;
    input.current?.focus();
    input.current?.select();
  }, [refusals]);

  return (
    <form
      className={styles.prompt}
      onSubmit={(event) => {
        event.preventDefault();
        if (token.trim() !== "") onToken(token.trim());
      }}
    >
      <h2>{words.dashboard.tokenTitle}</h2>
      <p className="muted">{words.dashboard.tokenWhy}</p>
      {refusals > 0 && (
        <Notice key={refusals} kind="problem">
          {refusals === 1 ? words.dashboard.tokenRefused : words.dashboard.tokenRefusedAgain(refusals)}
        </Notice>
      )}
      <label htmlFor={id}>{words.dashboard.token}</label>
      <input
        ref={input}
        id={id}
        className={styles.input}
        type="password"
        autoComplete="current-password"
        aria-invalid={refusals > 0}
        value={token}
        onChange={(event) => setToken(event.target.value)}
      />
      <Button type="submit" look="primary" busy={checking} disabled={token.trim() === ""}>
        {checking ? words.dashboard.tokenChecking : words.dashboard.tokenShow}
      </Button>
    </form>
  );
}
