import { once } from "node:events";
import { createServer } from "node:net";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { WebSocket as Client, type WebSocket as Peer, WebSocketServer } from "ws";
import type { Prediction } from "../../../api/client.ts";
import { ApiError } from "../../../api/errors.ts";
import { face } from "../../../testing/faces.ts";
import { LiveSession, type LiveView } from "./live_session.ts";

const READY = {
  type: "ready",
  model_version: "test",
  limits: { max_frame_bytes: 1000, max_frames_per_second: 1000, idle_timeout_s: 30 },
};
const PREDICTION: Prediction = { faces: [face()], image_size: [640, 480], model_version: "test" };

interface Stream {
  url: string;
  /** Numbers of the frames that came, connection by connection. */
  frames: number[][];
  peers: Peer[];
}

/** A server that speaks the protocol and answers each frame with `answer`. */
async function stream(answer: (peer: Peer, frame: number) => void, port = 0): Promise<Stream> {
  const server = new WebSocketServer({ port, host: "127.0.0.1" });
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const made: Stream = { url: `ws://127.0.0.1:${address.port}`, frames: [], peers: [] };
  server.on("connection", (peer) => {
    const frames: number[] = [];
    made.frames.push(frames);
    made.peers.push(peer);
    peer.on("message", (data) => {
      frames.push((data as Buffer)[0] ?? -1);
      answer(peer, frames.length);
    });
    peer.send(JSON.stringify(READY));
  });
  onTestFinished(() => {
    for (const peer of server.clients) peer.terminate();
    server.close();
  });
  return made;
}

function result(frame: number, track: number) {
  return JSON.stringify({
    type: "result",
    frame,
    skipped: 0,
    image_size: [640, 480],
    server_ms: 1,
    faces: [{ ...face(), track }],
  });
}

interface Options {
  url: string;
  predict?: () => Promise<Prediction>;
}

/** A session with a camera that has a frame every few milliseconds; frame 7 holds the byte 7. */
function filming({ url, predict = () => Promise.reject(new Error("away")) }: Options) {
  const openSocket = () => {
    const client = new Client(url);
    client.on("error", () => undefined); // unlike a browser's, it throws where nobody listens; `close` follows
    return client as unknown as WebSocket;
  };
  const session = new LiveSession({
    openSocket,
    predict,
    now_ms: () => performance.now(),
  });
  let frames = 0;
  const camera = setInterval(() => void session.offer(async () => new Blob([new Uint8Array([frames++])])), 5);
  onTestFinished(() => {
    clearInterval(camera);
    session.stop();
  });
  const views: LiveView[] = [];
  session.subscribe(() => views.push(session.getView()));
  const until = (holds: (view: LiveView) => boolean) =>
    vi.waitFor(() => expect(holds(session.getView())).toBe(true), { timeout: 12_000, interval: 5 });
  return { session, views, until, camera };
}

afterEach(() => vi.restoreAllMocks());

test("results come over the socket with their ids and the very frame they are of", async () => {
  const { url } = await stream((peer, frame) => peer.send(result(frame, 4)));
  const { session, until } = filming({ url });
  await until(({ faces, fps }) => faces?.length === 1 && fps !== null);
  const { link, faces, imageSize, frame, latency_ms } = session.getView();
  expect(link).toBe("socket");
  expect(faces?.[0]?.track).toBe(4);
  expect(imageSize).toEqual([640, 480]);
  expect(frame?.size).toBe(1);
  expect(latency_ms).toBeGreaterThanOrEqual(0);
});

test("no more than two frames wait for an answer, and an answer to a later one counts for both", async () => {
  const answers: (() => void)[] = [];
  const { url, frames } = await stream((peer, frame) => answers.push(() => peer.send(result(frame, 1))));
  const { until } = filming({ url });
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  await new Promise((wait) => setTimeout(wait, 60));
  expect(frames[0]).toHaveLength(2);
  answers[1]?.();
  await vi.waitFor(() => expect(answers).toHaveLength(4));
  await until(({ faces }) => faces?.length === 1);
});

test("while paused no frame is sent and nothing changes", async () => {
  const { url, frames } = await stream((peer, frame) => peer.send(result(frame, 1)));
  const { session, until } = filming({ url });
  await until(({ faces }) => faces?.length === 1);
  session.pause();
  const { frame, faces } = session.getView();
  await new Promise((wait) => setTimeout(wait, 50));
  const sent = frames[0]?.length;
  await new Promise((wait) => setTimeout(wait, 50));
  expect(frames[0]).toHaveLength(sent ?? 0);
  expect(session.getView()).toMatchObject({ frame, faces });
  session.resume();
  await vi.waitFor(() => expect(frames[0]?.length).toBeGreaterThan(sent ?? 0));
});

test("where no socket can be opened, frames go over HTTP one by one", async () => {
  let running = 0;
  const predict = async () => {
    running += 1;
    expect(running).toBe(1);
    await new Promise((wait) => setTimeout(wait, 10));
    running -= 1;
    return PREDICTION;
  };
  const { session, until } = filming({ url: "ws://127.0.0.1:1", predict });
  await until(({ link, faces }) => link === "http" && faces?.length === 1);
  expect(session.getView().faces?.[0]?.track).toBe(1);
});

test("from HTTP it goes back to the socket once that can be opened", async () => {
  const reserved = createServer().listen(0, "127.0.0.1");
  await once(reserved, "listening");
  const address = reserved.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  reserved.close(); // nobody is there now
  const url = `ws://127.0.0.1:${port}`;
  const { until } = filming({ url, predict: async () => PREDICTION });
  await until(({ link }) => link === "http");
  await stream((peer, frame) => peer.send(result(frame, 9)), port);
  await until(({ link, faces }) => link === "socket" && faces?.[0]?.track === 9);
});

test("a connection that is lost is said so, and made again", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0);
  const { url, peers } = await stream((peer, frame) => peer.send(result(frame, 1)));
  const { views, until } = filming({ url });
  await until(({ faces }) => faces?.length === 1);
  peers[0]?.terminate();
  await until(({ link }) => link === "lost");
  await until(({ link, faces }) => link === "socket" && faces?.length === 1);
  expect(views.find(({ link }) => link === "lost")?.faces).toBeNull();
  expect(peers).toHaveLength(2);
});

test("a connection that was idle for too long is made again at once, without an alarm", async () => {
  const { url, peers } = await stream((peer, frame) => peer.send(result(frame, 1)));
  const { session, views, until } = filming({ url });
  await until(({ faces }) => faces?.length === 1);
  session.pause();
  peers[0]?.close(4408, "idle");
  await new Promise((wait) => setTimeout(wait, 50));
  expect(peers).toHaveLength(1);
  session.resume();
  await vi.waitFor(() => expect(peers).toHaveLength(2));
  await until(({ faces }) => faces?.length === 1);
  expect(views.every(({ link }) => link !== "lost")).toBe(true);
});

test("after a closing that would only come again, HTTP has to do", async () => {
  const { url, peers } = await stream((peer) => peer.close(1009, "too large"));
  const { until } = filming({ url, predict: async () => PREDICTION });
  await until(({ link }) => link === "http");
  await new Promise((wait) => setTimeout(wait, 700));
  expect(peers).toHaveLength(1);
});

test("a frame that cannot be read leaves the connection as it is", async () => {
  const { url, peers } = await stream((peer, frame) =>
    peer.send(
      frame === 1
        ? JSON.stringify({ type: "error", frame, code: "invalid_input", error: "damaged" })
        : result(frame, 1),
    ),
  );
  const { until } = filming({ url });
  await until(({ link, faces }) => link === "socket" && faces?.length === 1);
  expect(peers).toHaveLength(1);
});

test("a server that falls silent is said to be so within seconds, and what was seen is taken back", async () => {
  let silent = false;
  const { url, peers } = await stream((peer, frame) => silent || peer.send(result(frame, 1)));
  const { session, until } = filming({ url, predict: () => new Promise(() => undefined) });
  await until(({ faces }) => faces?.length === 1);
  silent = true;
  await until(
    ({ link, faces, fps, latency_ms }) => link === "stalled" && faces === null && fps === null && latency_ms === null,
  );
  silent = false;
  await until(({ link, faces }) => link === "socket" && faces?.length === 1);
  expect(peers.length).toBeGreaterThan(1);
  expect(session.getView().paused).toBe(false);
}, 20_000);

test.each([
  [new ApiError("timeout", { retryable: true, seconds: 10 }), "stalled"],
  [new ApiError("too_many_requests", { retryable: true }), "refused"],
  [new ApiError("unreachable", { retryable: true }), "lost"],
  [new Error("odd"), "lost"],
])("without a socket, %o over HTTP is said to be %s", async (error, expected) => {
  const { until } = filming({ url: "ws://127.0.0.1:1", predict: () => Promise.reject(error) });
  await until(({ link, faces }) => link === expected && faces === null);
});

test("a server that stalled and then went away is said to be away", async () => {
  let error = new ApiError("timeout", { retryable: true, seconds: 10 });
  const { until } = filming({ url: "ws://127.0.0.1:1", predict: () => Promise.reject(error) });
  await until(({ link }) => link === "stalled");
  error = new ApiError("unreachable", { retryable: true });
  await until(({ link }) => link === "lost");
});

test("a socket that never opens is given up for HTTP", async () => {
  const server = createServer(() => undefined).listen(0, "127.0.0.1"); // accepts, and says nothing
  await once(server, "listening");
  const address = server.address();
  onTestFinished(() => void server.close());
  const url = typeof address === "object" ? `ws://127.0.0.1:${address?.port}` : "";
  const { views, until } = filming({ url, predict: async () => PREDICTION });
  await until(({ link, faces }) => link === "http" && faces?.length === 1);
  expect(views.some(({ faces }) => faces?.length === 0)).toBe(false); // nobody ever knew that there was no face
});

test("a camera that gives no frames leaves nothing claimed", async () => {
  const { url } = await stream((peer, frame) => peer.send(result(frame, 1)));
  const { camera, until } = filming({ url });
  await until(({ faces }) => faces?.length === 1);
  clearInterval(camera);
  await until(({ link, faces }) => link === "waiting" && faces === null);
});

test("messages of a kind that is not known are passed over", async () => {
  const { url } = await stream((peer, frame) => {
    peer.send(JSON.stringify({ type: "weather", frame }));
    peer.send(result(frame, 1));
  });
  const { until } = filming({ url });
  await until(({ faces }) => faces?.length === 1);
});
