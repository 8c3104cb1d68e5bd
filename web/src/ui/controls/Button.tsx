import type { ButtonHTMLAttributes, ReactNode } from "react";
import styles from "./Button.module.css";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: "primary" | "plain";
  size?: "normal" | "small";
  icon?: ReactNode;
  /** Shows that the action is under way and ignores further clicks; unlike `disabled`, it keeps the focus. */
  busy?: boolean;
  /** Show only the icon on a narrow screen. */
  compact?: boolean;
}

export function Button(props: Props) {
  const { look = "plain", size = "normal", icon, busy = false, compact = false, children, onClick, ...rest } = props;
  return (
    <button
      type="button"
      className={buttonClass(look, size)}
      aria-busy={busy}
      aria-disabled={busy}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      {...rest}
    >
      {busy ? <span className={styles.spinner} aria-hidden="true" /> : icon}
      {compact ? <span className={styles.compact}>{children}</span> : children}
    </button>
  );
}

/** For links that look like a button. */
export function buttonClass(look: "primary" | "plain", size: "normal" | "small" = "normal"): string {
  return [styles.button, styles[look], styles[size]].filter(Boolean).join(" ");
}
