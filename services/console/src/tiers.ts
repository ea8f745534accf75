// The service tiers in the order of their worth.
import type { Tier } from "./wire";

export const TIERS: readonly Tier[] = ["platinum", "gold", "silver"];
