// Keeps the pages' shell on the device, so that a technician without a network can open the job page; never keeps answers.
export {};

declare const VERSION: string;
declare const ASSETS: readonly string[];

interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching extends Extendable {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
const worker = globalThis as unknown as {
  addEventListener(name: string, act: (event: never) => void): void;
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  location: Location;
};

const CACHE = `muster-${VERSION}`;

async function keepShell(): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.addAll(["/", ...ASSETS]);
  await worker.skipWaiting();
}

async function dropOlder(): Promise<void> {
  for (const name of await caches.keys()) if (name.startsWith("muster-") && name !== CACHE) await caches.delete(name);
  await worker.clients.claim();
}

/** The network first, so that a new build is seen at once; the kept page where there is none. */
async function page(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.match("/");
    if (kept) return kept;
    throw error;
  }
}

async function asset(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request);
}

worker.addEventListener("install", (event: Extendable) => event.waitUntil(keepShell()));
worker.addEventListener("activate", (event: Extendable) => event.waitUntil(dropOlder()));
worker.addEventListener("fetch", (event: Fetching) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== worker.location.origin || url.pathname.startsWith("/v1/")) return;
  if (event.request.mode === "navigate") event.respondWith(page(event.request));
  else if (ASSETS.includes(url.pathname)) event.respondWith(asset(event.request));
});
