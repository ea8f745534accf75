// Talking to the gateway: JSON over fetch with the session's cookie; errors are RFC 9457 problems.

/** What the gateway says when it refuses (RFC 9457). */
export interface Problem {
  type?: string;
  title?: string;
  status: number;
  detail?: string;
  epoch?: number;
  reason?: string;
  /** Of an outdated plan: the hash of the one that stands, and what is other in it. */
  current_hash?: string;
  changes?: string[];
}

/** The gateway answered, and refused. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail ?? problem.title ?? `status ${problem.status}`);
  }
}

/** No answer came: no network, or the gateway is away. Worth trying again. */
export class Unreachable extends Error {}

const TIMEOUT_MS = 12_000;

async function problemOf(response: Response): Promise<Problem> {
  try {
    return { ...((await response.json()) as Partial<Problem>), status: response.status };
  } catch {
    return { status: response.status, title: response.statusText };
  }
}

/** Send and read JSON; throws Refused or Unreachable. Gateway errors 502-504 and 429 count as away. */
export async function request<T>(path: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      credentials: "same-origin",
      cache: "no-store",
      ...init,
      signal: init.signal ?? AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    throw new Unreachable(String(error));
  }
  if (response.status === 429 || response.status >= 500) throw new Unreachable(`status ${response.status}`);
  if (!response.ok) throw new Refused(await problemOf(response));
  const text = await response.text();
  return (text === "" ? null : JSON.parse(text)) as T;
}

export const read = <T>(path: string): Promise<T> => request<T>(path);

export function send<T>(path: string, body: unknown, idempotencyKey?: string, method: "POST" | "PUT" = "POST"): Promise<T> {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (idempotencyKey !== undefined) headers["Idempotency-Key"] = idempotencyKey;
  return request<T>(path, { method, headers, body: JSON.stringify(body) });
}

/** An Idempotency-Key of its own; over plain http on a network there is no randomUUID. */
export const newKey = (): string =>
  crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
