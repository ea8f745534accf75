// Read again and again while a component is shown: the last answer, and whether the newest try failed.
import { useEffect, useState } from "preact/hooks";

/** `about` names what is read: another one is read at once, and an empty one not at all. */
export function usePolled<T>(about: string, read: () => Promise<T>, everyMs: number): { found: T | null; failed: boolean } {
  const [found, setFound] = useState<T | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (!about) return;
    let wanted = true;
    const again = (): void =>
      void read().then(
        (answer) => wanted && (setFound(answer), setFailed(false)),
        () => wanted && setFailed(true),
      );
    again();
    const timer = setInterval(again, everyMs);
    return () => {
      wanted = false;
      clearInterval(timer);
    };
  }, [about]);
  return { found, failed };
}
