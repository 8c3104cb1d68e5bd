import type { ReactNode } from "react";
import styles from "./Notice.module.css";

/** Something a person should know; a problem is announced at once. */
export function Notice({
  kind,
  children,
  action,
}: {
  kind: "info" | "problem";
  children: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className={`${styles.notice} ${styles[kind]}`} role={kind === "problem" ? "alert" : undefined}>
      <div>{children}</div>
      {action}
    </div>
  );
}
