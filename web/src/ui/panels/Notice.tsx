import type { ReactNode } from "react";
import styles from "./Notice.module.css";

/** Something the user should know; screen readers announce a problem at once. */
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
