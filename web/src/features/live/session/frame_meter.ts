const WINDOW_MS = 2000;

/** Results per second and how old a frame is when its result comes, over the last two seconds. */
export class FrameMeter {
  private results: { at_ms: number; latency_ms: number }[] = [];

  add(at_ms: number, latency_ms: number): void {
    this.results.push({ at_ms, latency_ms });
  }

  reset(): void {
    this.results = [];
  }

  /** `latency_ms` is the median; both are null while there is too little to tell. */
  read(now_ms: number): { fps: number | null; latency_ms: number | null } {
    this.results = this.results.filter(({ at_ms }) => now_ms - at_ms <= WINDOW_MS);
    const first = this.results[0];
    const last = this.results.at(-1);
    if (first === undefined || last === undefined || this.results.length < 3) return { fps: null, latency_ms: null };
    const latencies = this.results.map(({ latency_ms }) => latency_ms).sort((one, other) => one - other);
    return {
      fps: ((this.results.length - 1) * 1000) / (last.at_ms - first.at_ms),
      latency_ms: latencies[Math.floor(latencies.length / 2)] ?? null,
    };
  }
}
