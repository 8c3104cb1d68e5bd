import { useState } from "react";
import { explain } from "../api/errors.ts";
import { nameOf, percent } from "../api/expressions.ts";
import { Capture } from "../features/capture/Capture.tsx";
import { useDropAndPaste } from "../features/capture/useDropAndPaste.ts";
import { usePicture } from "../features/capture/usePicture.ts";
import { Correction } from "../features/feedback/Correction.tsx";
import { useCorrections } from "../features/feedback/useCorrections.ts";
import { AnnotatedDownload } from "../features/results/AnnotatedDownload.tsx";
import { FaceList } from "../features/results/FaceList.tsx";
import { FacePicture } from "../features/results/FacePicture.tsx";
import { FaceScores, FaceScoresPlaceholder } from "../features/results/FaceScores.tsx";
import { type Outcome, usePrediction } from "../features/results/usePrediction.ts";
import type { Picture } from "../media/pictures.ts";
import { Button } from "../ui/Button.tsx";
import { Card } from "../ui/Card.tsx";
import { Columns } from "../ui/Columns.tsx";
import { pictureIcon } from "../ui/icons.tsx";
import { Notice } from "../ui/Notice.tsx";
import { useObjectUrl } from "../ui/useObjectUrl.ts";
import styles from "./App.module.css";

export function PicturePage() {
  const { picture, problem, preparing, bring, clear } = usePicture();
  const hovering = useDropAndPaste(bring);
  return (
    <div className={styles.page}>
      <div className={styles.intro}>
        <h1>Which expression does a face show?</h1>
        <p>Bring a picture. Every face in it gets a box, a label and seven scores.</p>
      </div>
      {problem !== null && <Notice kind="problem">{problem}</Notice>}
      {picture === null ? (
        <Columns main={<Capture bring={bring} preparing={preparing} hovering={hovering} />} side={<Steps />} />
      ) : (
        <PictureView key={idOf(picture)} picture={picture} onAnother={clear} />
      )}
    </div>
  );
}

const ids = new WeakMap<Picture, number>();
let pictures = 0;

/** A new picture is a new view: no correction and no answer of the last one may stay. */
function idOf(picture: Picture): number {
  const id = ids.get(picture) ?? ++pictures;
  ids.set(picture, id);
  return id;
}

function Steps() {
  return (
    <Card label="How it works">
      <ul className={styles.steps}>
        <li>
          <strong>Your picture is looked at, not kept</strong>
          <span className="muted">
            It goes to this server, scaled to 1,280 pixels at most, and is forgotten with the answer.
          </span>
        </li>
        <li>
          <strong>You see what the recogniser sees</strong>
          <span className="muted">One box a face, seven scores that add up to 100 %.</span>
        </li>
        <li>
          <strong>You can correct it</strong>
          <span className="muted">Only then something is stored: 48 × 48 grey pixels of that face and your label.</span>
        </li>
      </ul>
    </Card>
  );
}

function PictureView({ picture, onAnother }: { picture: Picture; onAnother: () => void }) {
  const { outcome, retry } = usePrediction(picture.blob);
  const [selected, setSelected] = useState(0);
  const url = useObjectUrl(picture.blob);
  const faces = outcome.status === "done" ? outcome.prediction.faces : [];
  return (
    <Columns
      main={
        <>
          <FacePicture
            url={url}
            size={picture.size}
            faces={faces}
            selected={selected}
            onSelect={setSelected}
            waiting={outcome.status === "waiting"}
          />
          <div className={styles.tools}>
            <Button icon={pictureIcon} onClick={onAnother}>
              Another picture
            </Button>
            {faces.length > 0 && <AnnotatedDownload picture={picture.blob} name={picture.name} />}
          </div>
        </>
      }
      side={
        <FacePanel
          picture={picture}
          url={url}
          outcome={outcome}
          retry={retry}
          selected={selected}
          onSelect={setSelected}
        />
      }
    />
  );
}

interface PanelProps {
  picture: Picture;
  url: string | null;
  outcome: Outcome;
  retry: () => void;
  selected: number;
  onSelect: (index: number) => void;
}

function FacePanel({ picture, url, outcome, retry, selected, onSelect }: PanelProps) {
  const corrections = useCorrections(picture.blob);
  const faces = outcome.status === "done" ? outcome.prediction.faces : [];
  const face = faces[selected];
  return (
    <>
      <Card label="Result">
        <p role="status" className="visually-hidden">
          {summary(outcome)}
        </p>
        {faces.length > 1 && (
          <FaceList
            faces={faces.map((one, index) => ({ key: index + 1, face: one }))}
            selected={selected + 1}
            onSelect={(key) => onSelect(key - 1)}
            picture={{ url, size: picture.size }}
          />
        )}
        {outcome.status === "waiting" && <FaceScoresPlaceholder>Looking for faces…</FaceScoresPlaceholder>}
        {outcome.status === "failed" && (
          <Notice kind="problem" action={<Button onClick={retry}>Try again</Button>}>
            {explain(outcome.error)}
          </Notice>
        )}
        {outcome.status === "done" && faces.length === 0 && (
          <Notice kind="info">
            <strong>No face was found.</strong> Faces need about 40 pixels, some light, and to be seen from the front.
          </Notice>
        )}
        {face !== undefined && <FaceScores face={face} />}
      </Card>
      {face !== undefined && (
        <Card label="Correction">
          <Correction
            key={selected}
            expression={face.expression}
            state={corrections.stateOf(selected)}
            onChoose={(label) => corrections.choose(selected, label)}
            onSend={() => corrections.send(selected, face.box)}
          />
        </Card>
      )}
    </>
  );
}

function summary(outcome: Outcome): string {
  if (outcome.status !== "done") return outcome.status === "waiting" ? "Looking for faces." : "";
  const { faces } = outcome.prediction;
  const [first] = faces;
  if (first === undefined) return "No face was found.";
  return `${faces.length === 1 ? "One face" : `${faces.length} faces`}. The largest shows: ${nameOf(first.expression)}, ${percent(first.confidence)}.`;
}
