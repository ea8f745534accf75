// Plays the two futures of a plan: asks the gateway, and takes each report as it replaces the one before.
import { signal } from "@preact/signals";
import { Refused, type Problem } from "../api";
import { EventStreamParser } from "../sse";
import { reportFrom } from "./received";
import { scalesOf, type Scales } from "./spreads";
import type { ForkReport, MovePlan } from "./wire";

/** Enough to decide by; others who ask get their turn before the rest is played, which narrows the intervals. */
const FIRST = 20;
const ALL = 60;
const AGAIN_AFTER_MS = 8_000;
const TRIES = 4;

export interface Question {
  regions: string[];
  plan?: MovePlan;
  to_region?: string;
  count?: number;
  loan_min?: number;
  futures?: number;
}

export type ForkStatus = "idle" | "asking" | "queued" | "playing" | "done" | "cut" | "failed";

export interface ForkState {
  status: ForkStatus;
  report: ForkReport | null;
  scales: Scales;
  /** What the gateway said, where it refused or ended early. */
  why: string | null;
}

const NOTHING: ForkState = { status: "idle", report: null, scales: {}, why: null };

interface Played {
  report: (report: ForkReport) => void;
  problem: (detail: string) => void;
}

/** Read the stream to its end; throws Refused where the gateway refuses, and what fetch throws. */
async function play(question: Question, abort: AbortSignal, told: Played): Promise<void> {
  const response = await fetch("/v1/whatif", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify(question),
    credentials: "same-origin",
    cache: "no-store",
    signal: abort,
  });
  if (!response.ok || !response.body) {
    const said = (await response.json().catch(() => ({}))) as Partial<Problem>;
    throw new Refused({ ...said, status: response.status });
  }
  const parser = new EventStreamParser();
  const reader = response.body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    for (const { event, data } of parser.push(value)) {
      if (event === "report") told.report(reportFrom(JSON.parse(data)));
      else if (event === "problem") told.problem((JSON.parse(data) as Problem).detail ?? "");
    }
  }
}

/** One question at a time; a new one ends the one before. */
export class Fork {
  readonly state = signal<ForkState>(NOTHING);
  private abort = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;

  ask(question: Question): void {
    this.close();
    this.abort = new AbortController();
    this.state.value = { ...NOTHING, status: "asking" };
    void this.run({ futures: FIRST, ...question }, this.abort.signal, TRIES);
  }

  close(): void {
    clearTimeout(this.timer);
    this.abort.abort();
  }

  forget(): void {
    this.close();
    this.state.value = NOTHING;
  }

  private set(change: Partial<ForkState>): void {
    this.state.value = { ...this.state.peek(), ...change };
  }

  private async run(question: Question, abort: AbortSignal, tries: number): Promise<void> {
    let cut: string | null = null;
    try {
      await play(question, abort, {
        report: (report) => !abort.aborted && this.take(report),
        problem: (detail) => (cut = detail),
      });
      if (abort.aborted) return;
      const report = this.state.peek().report;
      const whole = cut === null && report !== null && report.futures >= report.wanted;
      this.set({ status: whole ? "done" : report ? "cut" : "failed", why: cut });
      if (whole && report.wanted < ALL) await this.more(report, abort);
    } catch (error) {
      if (!abort.aborted) this.failed(error, question, abort, tries);
    }
  }

  /** The same futures and further ones: shown from where they are more than those known. What is known stays if they fail. */
  private async more(known: ForkReport, abort: AbortSignal): Promise<void> {
    const question = { regions: known.regions.map(({ region }) => region), plan: known.plan, futures: ALL };
    const taken = (report: ForkReport): void => {
      if (!abort.aborted && report.futures > known.futures) this.take(report);
    };
    await play(question, abort, { report: taken, problem: () => undefined }).catch(() => undefined);
    if (!abort.aborted) this.set({ status: "done" });
  }

  /** Others' forks are played first: wait for a turn. Anything else is told at once. */
  private failed(error: unknown, question: Question, abort: AbortSignal, tries: number): void {
    const status = error instanceof Refused ? error.problem.status : 0;
    const why = error instanceof Refused ? error.message : null;
    if (this.state.peek().report) return this.set({ status: "cut", why });
    if (tries <= 1 || status !== 429) return this.set({ status: "failed", why });
    this.set({ status: "queued", why });
    this.timer = setTimeout(() => void this.run(question, abort, tries - 1), AGAIN_AFTER_MS);
  }

  private take(report: ForkReport): void {
    const scales = scalesOf(report.regions, this.state.peek().scales);
    this.state.value = { status: report.futures >= report.wanted ? "done" : "playing", report, scales, why: null };
  }
}
