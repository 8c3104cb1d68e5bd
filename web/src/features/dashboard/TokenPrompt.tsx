import { useId, useState } from "react";
import { Button } from "../../ui/Button.tsx";
import { Notice } from "../../ui/Notice.tsx";
import styles from "./Dashboard.module.css";

/** Asks for the token where the server gives its numbers only to those who have it. */
export function TokenPrompt({ refused, onToken }: { refused: boolean; onToken: (token: string) => void }) {
  const [token, setToken] = useState("");
  const id = useId();
  return (
    <form
      className={styles.prompt}
      onSubmit={(event) => {
        event.preventDefault();
        if (token.trim() !== "") onToken(token.trim());
      }}
    >
      <h2>This server asks for a token</h2>
      <p className="muted">Collected faces are personal data, so the numbers and the file are for named people only.</p>
      {refused && <Notice kind="problem">The server did not accept that token.</Notice>}
      <label htmlFor={id}>Access token</label>
      <input
        id={id}
        className={styles.input}
        type="password"
        autoComplete="current-password"
        value={token}
        onChange={(event) => setToken(event.target.value)}
      />
      <Button type="submit" look="primary" disabled={token.trim() === ""}>
        Show the numbers
      </Button>
    </form>
  );
}
