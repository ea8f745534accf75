// The pages there are, and who uses which; later pages (lead, expert, wait board) are added here when they exist.
import type { Me } from "./wire";

export type PageName = "board" | "job";

export interface Page {
  name: PageName;
  path: string;
  roles: readonly Me["role"][];
}

export const PAGES: readonly Page[] = [
  { name: "board", path: "/", roles: ["dispatcher", "lead", "operator", "service", "expert"] },
  { name: "job", path: "/job", roles: ["technician"] },
];

export const pagesFor = (role: Me["role"]): Page[] => PAGES.filter((page) => page.roles.includes(role));
