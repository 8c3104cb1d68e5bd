import { useEffect, useRef, useState } from "react";
import { Correction } from "../features/feedback/Correction.tsx";
import { FaceList } from "../features/results/FaceList.tsx";
import { FacePicture } from "../features/results/FacePicture.tsx";
import { FaceScores, NoVerdict, Verdict } from "../features/results/FaceScores.tsx";
import { leftToRight, type NumberedFace } from "../features/results/face_order.ts";
import { ResultTools } from "../features/results/ResultTools.tsx";
import { Button, buttonClass } from "../ui/controls/Button.tsx";
import { backIcon, listIcon, nextIcon, previousIcon } from "../ui/controls/icons.tsx";
import { Card } from "../ui/panels/Card.tsx";
import { Notice } from "../ui/panels/Notice.tsx";
import { Workbench } from "../ui/panels/Workbench.tsx";
import { useObjectUrl } from "../ui/useObjectUrl.ts";
import { explain, isWorthRetrying } from "../words/explain.ts";
import { nameOf, scoreText, words } from "../words/words.ts";
import styles from "./App.module.css";
import type { Desk, Entry, Outcome } from "./desk.ts";
import { hrefOf } from "./routes.ts";

interface Props {
  desk: Desk;
  entries: readonly Entry[];
  entry: Entry;
}

/** One photo with its answer and its corrections, in one view. */
export function PhotoPage({ desk, entries, entry }: Props) {
  const { outcome, picture, selected } = entry;
  const url = useObjectUrl(picture?.blob ?? null);
  const verdict = useRef<HTMLDivElement>(null);
  const prediction = outcome.status === "done" ? outcome.prediction : null;
  const faces = leftToRight(prediction?.faces ?? []);
  const face = faces.find(({ key }) => key === selected) ?? null;

  function select(key: number) {
    desk.select(entry.id, key);
    verdict.current?.scrollIntoView({ block: "nearest" });
  }

  if (outcome.status === "failed" && picture === null)
    return <Unopened entries={entries} entry={entry} error={outcome.error} />;
  return (
    <>
      <h1 className="visually-hidden">{words.photo.named(entry.name)}</h1>
      <Workbench
        verdict={
          <div ref={verdict} className={styles.anchor}>
            <Card label={words.result.region}>
              <Answer desk={desk} entry={entry} face={face} faces={faces} />
            </Card>
          </div>
        }
        media={
          picture !== null && (
            <FacePicture
              url={url}
              name={entry.name}
              size={picture.size}
              faces={faces}
              selected={selected}
              onSelect={select}
              waiting={outcome.status === "waiting"}
            />
          )
        }
        tools={
          <>
            <Another />
            {prediction !== null && picture !== null && (
              <ResultTools picture={picture} prediction={prediction} faces={faces} selected={selected} />
            )}
            {entries.length > 1 && <Neighbours entries={entries} entry={entry} />}
          </>
        }
        details={
          <>
            {face !== null && (
              <Card label={words.result.scores}>
                {faces.length > 1 && picture !== null && (
                  <FaceList faces={faces} selected={selected} onSelect={select} picture={{ url, size: picture.size }} />
                )}
                <FaceScores face={face.face} />
              </Card>
            )}
            {face !== null && entry.corrections !== null && (
              <Card label={words.correction.region}>
                <Correction
                  key={`${entry.id} ${selected}`}
                  corrections={entry.corrections}
                  index={selected}
                  face={face.face}
                />
              </Card>
            )}
            {entry.kept !== "kept" && (
              <Notice kind="info">{entry.kept === "blocked" ? words.photo.notKept : words.photo.tooMuchToKeep}</Notice>
            )}
          </>
        }
      />
    </>
  );
}

interface UnopenedProps {
  entries: readonly Entry[];
  entry: Entry;
  error: unknown;
}

/** A file that is no photo, so there is nothing to show but why. */
function Unopened({ entries, entry, error }: UnopenedProps) {
  return (
    <section className={styles.page} aria-label={words.result.region}>
      <h1 className={styles.fileName}>{entry.name}</h1>
      <Notice kind="problem">{explain(error)}</Notice>
      <div className={styles.tools}>
        <Another />
        {entries.length > 1 && <Neighbours entries={entries} entry={entry} />}
      </div>
    </section>
  );
}

function Another() {
  return (
    <a className={buttonClass("plain", "small")} href={hrefOf({ page: "start" })}>
      {backIcon}
      {words.photo.another}
    </a>
  );
}

interface AnswerProps {
  desk: Desk;
  entry: Entry;
  faces: readonly NumberedFace[];
  face: NumberedFace | null;
}

function Answer({ desk, entry: { id, outcome }, face, faces }: AnswerProps) {
  const slow = useSlow(outcome);
  return (
    <div className={styles.answer}>
      <p role="status" className="visually-hidden">
        {summary(outcome, slow)}
      </p>
      {(outcome.status === "preparing" || outcome.status === "waiting") && (
        <>
          <NoVerdict>{words.photo.looking}</NoVerdict>
          {slow && <p className="muted">{words.photo.slow}</p>}
          <Button onClick={() => desk.cancel(id)}>{words.cancel}</Button>
        </>
      )}
      {outcome.status === "cancelled" && (
        <>
          <NoVerdict>{words.photo.cancelled}</NoVerdict>
          <Button onClick={() => desk.retry(id)}>{words.tryAgain}</Button>
        </>
      )}
      {outcome.status === "failed" && (
        <Notice
          kind="problem"
          action={isWorthRetrying(outcome.error) && <Button onClick={() => desk.retry(id)}>{words.tryAgain}</Button>}
        >
          {explain(outcome.error)}
        </Notice>
      )}
      {outcome.status === "done" && faces.length === 0 && (
        <>
          <NoVerdict>{words.photo.noFace}</NoVerdict>
          <p className="muted">{words.photo.noFaceMore}</p>
        </>
      )}
      {face !== null && <Verdict face={face.face} />}
    </div>
  );
}

function Neighbours({ entries, entry }: { entries: readonly Entry[]; entry: Entry }) {
  const index = entries.indexOf(entry);
  const link = (to: Entry | undefined, icon: React.ReactNode, name: string) =>
    to === undefined ? null : (
      <a className={buttonClass("plain", "small")} href={hrefOf({ page: "photo", id: to.id })} aria-label={name}>
        {icon}
      </a>
    );
  return (
    <span className={styles.neighbours}>
      {link(entries[index - 1], previousIcon, words.photo.previous)}
      <a className={buttonClass("plain", "small")} href={hrefOf({ page: "photos" })} aria-label={words.start.all}>
        {listIcon}
        {words.photo.position(index + 1, entries.length)}
      </a>
      {link(entries[index + 1], nextIcon, words.photo.next)}
    </span>
  );
}

const SLOW_AFTER_MS = 6000;

/** Whether the answer is taking unusually long. */
function useSlow({ status }: Outcome): boolean {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    setSlow(false);
    if (status !== "waiting") return;
    const timer = setTimeout(() => setSlow(true), SLOW_AFTER_MS);
    return () => clearTimeout(timer);
  }, [status]);
  return slow;
}

function summary(outcome: Outcome, slow: boolean): string {
  if (outcome.status === "cancelled") return words.photo.cancelled;
  if (outcome.status === "failed") return "";
  if (outcome.status !== "done") return slow ? words.photo.slow : words.photo.looking;
  const { faces } = outcome.prediction;
  const [first] = faces;
  if (first === undefined) return words.photo.noFace;
  return words.result.summary(faces.length, nameOf(first.expression), scoreText(first.confidence));
}
