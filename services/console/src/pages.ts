// The pages there are, and who uses which; later pages (the wait board) are added here when they exist.
import type { Me } from "./wire";

export type PageName = "board" | "job" | "assist" | "switchboard" | "lead";

export interface Page {
  name: PageName;
  path: string;
  roles: readonly Me["role"][];
  /** Other paths of the page, without the slash at their end. */
  also?: RegExp;
  /** Also for who is not signed in: what they may do there is proved by a code. */
  guests?: boolean;
}

export const PAGES: readonly Page[] = [
  { name: "board", path: "/", roles: ["dispatcher", "lead", "operator", "service", "expert"] },
  { name: "job", path: "/job", roles: ["technician"] },
  {
    name: "assist", path: "/assist", also: /^\/assist\/[^/]+$|^\/job\/[^/]+\/assist$/,
    roles: ["expert", "dispatcher", "lead", "technician"], guests: true,
  },
  { name: "lead", path: "/lead", roles: ["lead"] },
  { name: "switchboard", path: "/switchboard", roles: ["expert", "dispatcher", "lead"] },
];

export const pagesFor = (role: Me["role"]): Page[] => PAGES.filter((page) => page.roles.includes(role));

/** The page of a path. */
export function pageOf(path: string): Page | undefined {
  const bare = path.replace(/(.)\/$/, "$1");
  return PAGES.find((page) => page.path === bare || page.also?.test(bare));
}
