import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { PYTHON, ROOT } from "./pictures.ts";

const START_TIMEOUT_MS = 60_000;

/** What `make run` starts, on a free port that it keeps through restarts, with a bucket of its own. */
export class Server {
  readonly url: string;
  private readonly environ: NodeJS.ProcessEnv;
  private process: ChildProcess | null = null;
  private output = "";

  private constructor(port: number, bucket: string, settings: Record<string, string>) {
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
      if (child.exitCode !== null || Date.now() > deadline_ms) {
        await this.kill();
        throw new Error(`the server did not start:\n${this.output}`);
      }
      await new Promise((wait) => setTimeout(wait, 50));
    }
  }

  /** SIGKILL for all of its processes. */
  async kill(): Promise<void> {
    const child = this.process;
    this.process = null;
    if (child?.pid === undefined || child.exitCode !== null) return;
    process.kill(-child.pid, "SIGKILL");
    if (child.signalCode === null) await once(child, "exit");
  }

  /** SIGSTOP: connections stay, and nothing is answered; `resume` goes on. */
  stall(): void {
    if (this.process?.pid !== undefined) process.kill(-this.process.pid, "SIGSTOP");
  }

  resume(): void {
    if (this.process?.pid !== undefined) process.kill(-this.process.pid, "SIGCONT");
  }

  private async isHealthy(): Promise<boolean> {
    try {
      return (await fetch(this.url)).ok;
    } catch {
      return false;
    }
  }
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  listener.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
