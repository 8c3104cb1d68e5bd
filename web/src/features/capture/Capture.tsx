import { type ReactNode, useRef, useState } from "react";
import { fetchSample } from "../../api/client.ts";
import { Button } from "../../ui/controls/Button.tsx";
import { cameraIcon, pictureIcon } from "../../ui/controls/icons.tsx";
import { Notice } from "../../ui/panels/Notice.tsx";
import { explain } from "../../words/explain.ts";
import { words } from "../../words/words.ts";
import styles from "./Capture.module.css";
import { named, type TakenFile } from "./files.ts";
import { SAMPLES, type Sample } from "./samples.ts";

interface Props {
  take: (files: TakenFile[]) => void;
  onCamera: () => void;
  children?: ReactNode;
}

/** The ways to add a photo. */
export function Capture({ take, onCamera, children }: Props) {
  const [problem, setProblem] = useState<unknown>(null);
  const [loading, setLoading] = useState(false);
  const files = useRef<HTMLInputElement>(null);

  async function takeSample({ name, url }: Sample) {
    setProblem(null);
    setLoading(true);
    try {
      take([{ file: await fetchSample(url), name: `${name}.jpg` }]);
    } catch (error) {
      setProblem(error);
    } finally {
      setLoading(false);
    }
  }

  return (
    <div className={styles.capture}>
      <div className={styles.zone}>
        <div>
          <p className={styles.drop}>{words.start.drop}</p>
          <p className="muted">{words.start.dropMore}</p>
        </div>
        <div className={styles.ways}>
          <Button look="primary" icon={pictureIcon} onClick={() => files.current?.click()}>
            {words.start.choose}
          </Button>
          <Button icon={cameraIcon} onClick={onCamera}>
            {words.start.useCamera}
          </Button>
        </div>
        <input
          ref={files}
          type="file"
          accept="image/*"
          multiple
          className="visually-hidden"
          tabIndex={-1}
          aria-label={words.start.file}
          onChange={(event) => {
            const taken = named(event.target.files);
            event.target.value = ""; // otherwise choosing the same file again does nothing
            if (taken.length > 0) take(taken);
          }}
        />
      </div>
      <div className={styles.samples}>
        <h2>{words.start.samples}</h2>
        <ul>
          {SAMPLES.map((sample) => (
            <li key={sample.name}>
              <button type="button" className={styles.sample} onClick={() => takeSample(sample)}>
                <img src={sample.thumbnail} width="112" height="84" alt="" />
                {words.start.sampleNames[sample.name]}
              </button>
            </li>
          ))}
        </ul>
        {loading && (
          <p role="status" className="muted">
            {words.loading}
          </p>
        )}
        {problem !== null && <Notice kind="problem">{explain(problem)}</Notice>}
      </div>
      {children}
    </div>
  );
}
