import { useState } from "react";
import sampleUrl from "../../../docs/images/astronaut.jpg";
import { CameraShot } from "../features/capture/CameraShot.tsx";
import { Capture } from "../features/capture/Capture.tsx";
import type { TakenFile } from "../features/capture/files.ts";
import { ExampleAnswer } from "../features/results/ExampleAnswer.tsx";
import { Button } from "../ui/controls/Button.tsx";
import { useObjectUrl } from "../ui/useObjectUrl.ts";
import { words } from "../words/words.ts";
import styles from "./App.module.css";
import type { Desk, Entry } from "./desk.ts";
import photos from "./Photos.module.css";
import { hrefOf } from "./routes.ts";

interface Props {
  desk: Desk;
  entries: readonly Entry[];
  take: (files: TakenFile[]) => void;
}

/** The ways to add a photo, next to an example of the result. */
export function StartPage({ desk, entries, take }: Props) {
  const [camera, setCamera] = useState(false);
  if (camera) return <CameraShot take={take} onBack={() => setCamera(false)} />;
  return (
    <div className={styles.page}>
      <div className={styles.intro}>
        <h1>{words.start.title}</h1>
        <p>{words.start.lead}</p>
      </div>
      <div className={styles.start}>
        <Capture take={take} onCamera={() => setCamera(true)}>
          {entries.length > 0 && <Yours desk={desk} entries={entries} />}
        </Capture>
        <div className={styles.example}>
          <ExampleAnswer url={sampleUrl} />
        </div>
        <Promises />
      </div>
    </div>
  );
}

function Promises() {
  return (
    <ul className={styles.promises}>
      {words.start.promises.map(({ title, text }) => (
        <li key={title}>
          <strong>{title}</strong>
          <span className="muted">{text}</span>
        </li>
      ))}
    </ul>
  );
}

const MOST_SHOWN = 6;

function Yours({ desk, entries }: { desk: Desk; entries: readonly Entry[] }) {
  return (
    <section className={photos.yours} aria-label={words.start.yours}>
      <h2>{words.start.yours}</h2>
      <ul>
        {entries.slice(-MOST_SHOWN).map((entry) => (
          <li key={entry.id}>
            <a href={hrefOf({ page: "photo", id: entry.id })}>
              <Thumbnail entry={entry} />
            </a>
          </li>
        ))}
      </ul>
      <div className={styles.tools}>
        {entries.length > 1 && <a href={hrefOf({ page: "photos" })}>{words.start.all}</a>}
        <Button size="small" onClick={() => desk.clear()}>
          {words.start.forget}
        </Button>
        <span className="muted">{words.start.yoursMore}</span>
      </div>
    </section>
  );
}

export function Thumbnail({ entry }: { entry: Entry }) {
  const url = useObjectUrl(entry.picture?.blob ?? null);
  if (url === null) return <span className={photos.thumbnail} />;
  return <img className={photos.thumbnail} src={url} alt={words.photo.named(entry.name)} />;
}
