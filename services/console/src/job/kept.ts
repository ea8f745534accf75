// What the job page keeps on the phone: its job, for a reload without network.
import type { JobView } from "../wire";

export interface Diversion {
  from: string;
  to: string;
  epoch: number;
}

/** A diversion stays open until a person has answered it. */
export type KeptJob = JobView & { diversion: Diversion | null };

/** A store that is not there refuses to store; the queue then lives in memory. */
const NO_STORE = { getItem: () => null, setItem: () => { throw new Error("no storage"); } };

export const store = (): Pick<Storage, "getItem" | "setItem"> => {
  try {
    return globalThis.localStorage;
  } catch {
    return NO_STORE;
  }
};

const name = (engineer_id: string): string => `muster.job.${engineer_id}`;

export function keepJob(engineer_id: string, job: KeptJob): void {
  try {
    store().setItem(name(engineer_id), JSON.stringify(job));
  } catch {
    // not kept: a reload without network starts empty
  }
}

/** Nothing kept, or not readable: the gateway tells. */
export function keptJob(engineer_id: string): KeptJob | null {
  try {
    return JSON.parse(store().getItem(name(engineer_id)) ?? "null") as KeptJob | null;
  } catch {
    return null;
  }
}
