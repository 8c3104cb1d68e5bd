import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { PYTHON, ROOT } from "./pictures.ts";

const START_TIMEOUT_MS = 60_000;

/** What `make run` starts, on a free port that it keeps through restarts, with a bucket of its own. */
export class Server {
  readonly url: string;
  private readonly bucket: string;
  private readonly environ: NodeJS.ProcessEnv;
  private process: ChildProcess | null = null;
  private output = "";

  private constructor(port: number, bucket: string, settings: Record<string, string>) {
    this.bucket = bucket;
    this.url = `http://127.0.0.1:${port}`;
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("FER_"));
    this.environ = {
      ...Object.fromEntries(inherited),
      MALLOC_ARENA_MAX: "2",
      HOST: "127.0.0.1",
      PORT: String(port),
      FER_BUCKET: `file://${bucket}`,
      ...settings,
    };
  }

  static async create(bucket: string, settings: Record<string, string> = {}): Promise<Server> {
    const server = new Server(await freePort(), bucket, settings);
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    const child = spawn(PYTHON, ["-m", "local.server"], { cwd: ROOT, env: this.environ, detached: true });
    this.process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data) => {
        this.output += data;
      });
    }
    const deadline_ms = Date.now() + START_TIMEOUT_MS;
    while (!(await this.isHealthy())) {
      if (this.running === null || Date.now() > deadline_ms) {
        await this.kill();
        throw new Error(`the server did not start:\n${this.output}`);
      }
      await new Promise((wait) => setTimeout(wait, 50));
    }
  }

  /** SIGKILL for all of its processes. */
  async kill(): Promise<void> {
    const child = this.running;
    this.process = null;
    if (child?.pid === undefined) return;
    const exited = once(child, "exit");
    process.kill(-child.pid, "SIGKILL");
    await exited;
  }

  /** SIGSTOP: connections stay, and nothing is answered; `resume` goes on. */
  stall(): void {
    if (this.running?.pid !== undefined) process.kill(-this.running.pid, "SIGSTOP");
  }

  resume(): void {
    if (this.running?.pid !== undefined) process.kill(-this.running.pid, "SIGCONT");
  }

  /** Make it as new for the next test: running, with nothing in its bucket. */
  async renew(): Promise<void> {
    this.resume();
    for (const entry of await readdir(this.bucket, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) await rm(join(entry.parentPath, entry.name)); // the store makes its folders only once
    if (this.running === null) await this.start();
  }

  private get running(): ChildProcess | null {
    const child = this.process;
    return child === null || child.exitCode !== null || child.signalCode !== null ? null : child;
  }

  private async isHealthy(): Promise<boolean> {
    try {
      return (await fetch(this.url, { signal: AbortSignal.timeout(5000) })).ok;
    } catch {
      return false;
    }
  }
}

/** A free port below those that the system hands to outgoing connections, so that it is still free at a restart. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const listener = createServer().listen(port, "127.0.0.1");
    const taken = await once(listener, "listening").then(
      () => false,
      () => true,
    );
    listener.close();
    if (!taken) return port;
  }
}
