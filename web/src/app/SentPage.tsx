import { SentList } from "../features/feedback/SentList.tsx";
import { words } from "../words/words.ts";
import styles from "./App.module.css";

export default function SentPage() {
  return (
    <div className={styles.page}>
      <div className={styles.intro}>
        <h1>{words.sent.title}</h1>
        <p>{words.sent.lead}</p>
      </div>
      <SentList />
    </div>
  );
}
