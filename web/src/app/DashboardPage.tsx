import { Dashboard } from "../features/dashboard/Dashboard.tsx";
import { words } from "../words/words.ts";
import styles from "./App.module.css";

export default function DashboardPage() {
  return (
    <div className={styles.page}>
      <div className={styles.intro}>
        <h1>{words.dashboard.title}</h1>
        <p>{words.dashboard.lead}</p>
      </div>
      <Dashboard />
    </div>
  );
}
