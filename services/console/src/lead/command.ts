// Sends one command of the lead and puts its answer into words.
import { useState } from "preact/hooks";
import { newKey, Refused, send } from "../api";
import { t } from "../texts";
import { readSoon } from "./store";

export interface Said {
  tone: "notice" | "refusal";
  text: string;
}

export interface Asked<T> {
  path: string;
  body: object;
  method?: "POST" | "PUT";
  done: string;
  /** Taken before anything is said; true where it has said it. */
  refused?: (refusal: Refused) => boolean;
  answered?: (answer: T) => void;
}

export function refusalText({ problem, message }: Refused): string {
  const word = problem.reason ?? "";
  const known = t().lead.rules[word] ?? t().reasons[word];
  const detail = problem.detail ?? problem.title ?? message;
  return t().control.refused(known ? `${known} (${detail})` : detail);
}

/** `busy` while an answer is awaited; `said` is what came of the last one. `run` is true where it was carried out. */
export function useCommand() {
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<Said | null>(null);
  const run = async <T>({ path, body, method = "POST", done, refused, answered }: Asked<T>): Promise<boolean> => {
    setBusy(true);
    setSaid(null);
    try {
      const answer = await send<T & { accepted?: number }>(path, body, newKey(), method);
      if (!answer.accepted) answered?.(answer);
      setSaid({ tone: "notice", text: answer.accepted ? t().control.late : done });
      await readSoon();
      return true;
    } catch (error) {
      if (error instanceof Refused && refused?.(error)) return false;
      setSaid({ tone: "refusal", text: error instanceof Refused ? refusalText(error) : t().control.away });
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, said, run, clear: () => setSaid(null) };
}
