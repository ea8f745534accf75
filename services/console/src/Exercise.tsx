// The sign of a drill: said in words on every page that shows one, so that nobody takes it for real.
import { t } from "./texts";
import { ExerciseTag } from "./Warnings";

const SUFFIX = ".exercise";

/** A drill's region is named after the one that it copies. */
export const isDrill = (region: string): boolean => region.endsWith(SUFFIX);

/** What the shown page is: a drill, and nothing of it is real. */
export function ExerciseBanner({ region }: { region: string }) {
  return (
    <p class="exercise-banner" role="alert" data-exercise={region}>
      <ExerciseTag /> {t().exercise.banner(region, region.slice(0, -SUFFIX.length))}
    </p>
  );
}
