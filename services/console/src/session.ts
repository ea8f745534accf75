// Who is signed in: the token from the address's fragment is changed for an HttpOnly cookie and forgotten.
import { signal } from "@preact/signals";
import { read, Refused, request, send } from "./api";
import type { Me } from "./wire";

export type Session =
  | { status: "starting" }
  | { status: "out"; why: "none" | "refused" | "unreachable" | "ended" }
  | { status: "in"; me: Me };

export const session = signal<Session>({ status: "starting" });

/** Take `#token=...` out of the address bar and the history. */
function takeToken(): string | null {
  const token = new URLSearchParams(location.hash.replace(/^#/, "")).get("token");
  if (token !== null) history.replaceState(null, "", location.pathname + location.search);
  return token;
}

export async function signIn(token: string): Promise<void> {
  try {
    session.value = { status: "in", me: await send<Me>("/v1/login", { token: token.trim() }) };
  } catch (error) {
    session.value = { status: "out", why: error instanceof Refused ? "refused" : "unreachable" };
  }
}

export async function signOut(): Promise<void> {
  try {
    await request("/v1/logout", { method: "POST", headers: { "X-Muster-Request": "1" } });
  } catch {
    // the cookie ends by itself then
  }
  session.value = { status: "out", why: "none" };
}

export function sessionEnded(): void {
  session.value = { status: "out", why: "ended" };
}

const KEPT = "muster.me";

/** Who was signed in here last: lets a phone without a network show what it keeps. Holds no secret. */
function lastKnown(): Me | null {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "null") as Me | null;
  } catch {
    return null;
  }
}

session.subscribe((now) => {
  try {
    if (now.status === "in") localStorage.setItem(KEPT, JSON.stringify(now.me));
    else if (now.status === "out" && now.why !== "unreachable") localStorage.removeItem(KEPT);
  } catch {
    // no storage: a reload without network then asks to sign in
  }
});

export async function startSession(): Promise<void> {
  addEventListener("hashchange", () => {
    const token = takeToken();
    if (token !== null) void signIn(token);
  });
  const token = takeToken();
  if (token !== null) return signIn(token);
  try {
    session.value = { status: "in", me: await read<Me>("/v1/me") };
  } catch (error) {
    const known = error instanceof Refused ? null : lastKnown();
    if (known) session.value = { status: "in", me: known };
    else session.value = { status: "out", why: error instanceof Refused ? "none" : "unreachable" };
  }
}
