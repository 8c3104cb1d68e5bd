import { Dashboard } from "../features/dashboard/Dashboard.tsx";
import styles from "./App.module.css";

export default function DashboardPage() {
  return (
    <div className={styles.page}>
      <div className={styles.intro}>
        <h1>What people corrected</h1>
        <p>The labels that were sent so far. The next model is trained on them.</p>
      </div>
      <Dashboard />
    </div>
  );
}
