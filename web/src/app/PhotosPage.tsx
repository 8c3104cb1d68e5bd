import { boxesOf, labelText, leftToRight } from "../features/results/face_order.ts";
import { Button, buttonClass } from "../ui/controls/Button.tsx";
import { downloadIcon, pictureIcon } from "../ui/controls/icons.tsx";
import { saveFile } from "../ui/save_file.ts";
import { explain, isWorthRetrying } from "../words/explain.ts";
import { words } from "../words/words.ts";
import styles from "./App.module.css";
import type { Desk, Entry, Outcome } from "./desk.ts";
import photos from "./Photos.module.css";
import { photosCsv } from "./photos_csv.ts";
import { hrefOf } from "./routes.ts";
import { Thumbnail } from "./StartPage.tsx";

/** Every photo of this tab, a row each, and all of their faces as a CSV. */
export default function PhotosPage({ desk, entries }: { desk: Desk; entries: readonly Entry[] }) {
  const open = entries.filter(({ outcome: { status } }) => status === "preparing" || status === "waiting");
  const stopped = entries.filter(({ outcome }) => mayGoOn(outcome));
  const done = entries.length - open.length - stopped.length;
  return (
    <div className={styles.page}>
      <div className={styles.intro}>
        <h1>{words.photos.title}</h1>
        <p>{words.photos.lead}</p>
      </div>
      <div className={styles.tools}>
        <Button
          look="primary"
          icon={downloadIcon}
          disabled={done === 0}
          onClick={() => saveFile(new Blob([photosCsv(entries)], { type: "text/csv" }), "expressions.csv")}
        >
          {words.photos.csv}
        </Button>
        <a className={buttonClass("plain")} href={hrefOf({ page: "start" })}>
          {pictureIcon}
          {words.photos.add}
        </a>
        {open.length > 0 && <Button onClick={() => each(open, desk.cancel)}>{words.cancel}</Button>}
        {open.length === 0 && stopped.length > 0 && (
          <Button onClick={() => each(stopped, desk.retry)}>{words.tryAgain}</Button>
        )}
        <span role="status" className="muted">
          {entries.length === 0 ? words.photos.empty : words.photos.progress(done, entries.length)}
        </span>
      </div>
      <div className={photos.tableFrame}>
        <table className={photos.table}>
          <caption className="visually-hidden">{words.photos.title}</caption>
          <thead>
            <tr>
              <th scope="col">{words.photos.photo}</th>
              <th scope="col">{words.photos.faces}</th>
              <th scope="col">{words.photos.label}</th>
            </tr>
          </thead>
          <tbody>
            {entries.map((entry) => (
              <Row key={entry.id} entry={entry} />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

/** Whether asking again may give an answer. */
function mayGoOn(outcome: Outcome): boolean {
  return outcome.status === "cancelled" || (outcome.status === "failed" && isWorthRetrying(outcome.error));
}

function each(entries: readonly Entry[], act: (id: number) => void): void {
  for (const { id } of entries) act(id);
}

function Row({ entry }: { entry: Entry }) {
  const { outcome } = entry;
  const faces = outcome.status === "done" ? outcome.prediction.faces : [];
  const [largest] = faces;
  return (
    <tr>
      <th scope="row">
        <a className={photos.photoLink} href={hrefOf({ page: "photo", id: entry.id })}>
          <Thumbnail entry={entry} />
          <span>{entry.name}</span>
        </a>
      </th>
      <td>{outcome.status === "done" ? faces.length : ""}</td>
      <td>
        {outcome.status === "failed" && explain(outcome.error)}
        {outcome.status === "cancelled" && words.photo.cancelled}
        {(outcome.status === "preparing" || outcome.status === "waiting") && words.photos.waiting}
        {outcome.status === "done" && largest === undefined && words.photo.noFace}
        {largest !== undefined && (
          <span className={photos.label}>
            <span style={{ background: boxesOf(leftToRight([largest]))[0]?.colour }} aria-hidden="true" />
            {labelText(largest)}
          </span>
        )}
      </td>
    </tr>
  );
}
