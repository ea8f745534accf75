// The log's time: it moves only by the stream's clock events; nothing here reads the wall but to move dots smoothly.
import { signal } from "@preact/signals";

/** Whether the log's time is a scenario's, moved by its feed alone, or the wall's. */
export const clockMode = signal<"wall" | "feed" | null>(null);

/** The newest clock event in milliseconds since the epoch, or null before the first. */
export const logTime = signal<number | null>(null);

let heardAt = 0;
let previousTime = 0;
let previousHeardAt = 0;

const wall = (): number => performance.now();

/** Take a clock event; one that steps back is ignored. */
export function tick(ms: number): void {
  if (!Number.isFinite(ms) || (logTime.peek() !== null && ms <= (logTime.peek() ?? 0))) return;
  previousTime = logTime.peek() ?? ms;
  previousHeardAt = heardAt;
  heardAt = wall();
  logTime.value = ms;
}

/** What the gateway says of its clock, on the stream and in its answers. */
export function hear(clock: { now: string | null; clock: "wall" | "feed" }): void {
  clockMode.value = clock.clock;
  if (clock.now !== null) tick(Date.parse(clock.now));
}

/** The wall's clock is told only now and then: count the seconds between, as long as the connection lives. */
export function countSeconds(isLive: () => boolean): () => void {
  const timer = setInterval(() => {
    const now = logTime.peek();
    if (clockMode.peek() === "wall" && now !== null && isLive()) tick(now + (wall() - heardAt));
  }, 1000);
  return () => clearInterval(timer);
}

/** Forget the time: another log was joined. */
export function resetClock(): void {
  logTime.value = null;
  heardAt = previousHeardAt = previousTime = 0;
}

/** For drawing only: the time eased towards the next expected clock event, never beyond it. */
export function drawingTime(): number | null {
  const now = logTime.peek();
  if (now === null || previousHeardAt === 0) return now;
  const gapWall = Math.min(5000, Math.max(50, heardAt - previousHeardAt));
  const gapLog = Math.min(now - previousTime, 600_000);
  return now - gapLog + gapLog * Math.min(1, (wall() - heardAt) / gapWall);
}

/** When something happened on this phone: the log's last time plus what has passed since, at its own pace. */
export function phoneTime(): number {
  const now = logTime.peek();
  return now === null ? Date.now() : now + (wall() - heardAt);
}
