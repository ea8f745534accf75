// Who is who in a session, whom each place of an offer shows, and which level of the ladder two ends meet on.
import type { SessionFold } from "./fold";
import type { Level, SessionView } from "./wire";

/** As many places as an offer has lines to hear others on. */
export const PLACES = 4;

/** The technician first, who alone sends a picture; then the experts in the order in which they came. */
export function placesFor(fold: SessionFold, me: string): (string | null)[] {
  const experts = fold.withRole("expert").filter((party) => party !== me);
  const others = fold.technician === me ? experts : [fold.technician, ...experts];
  return Array.from({ length: PLACES }, (_, place) => others[place] ?? null);
}

export const technicianOf = ({ parties }: SessionView): string | null =>
  parties.find(({ role }) => role === "technician")?.party ?? null;

export const expertsOf = ({ parties }: SessionView): string[] =>
  parties.filter(({ role }) => role === "expert").map(({ party }) => party);

const LEVELS: readonly Level[] = ["video", "one_fps", "stills", "audio", "text"];

/** The lower one: a picture is only as good as the worse of two links. */
export const worse = (one: Level, other: Level): Level =>
  LEVELS[Math.max(LEVELS.indexOf(one), LEVELS.indexOf(other))] ?? "video";
