// Whether a region's help is only proposed, or goes by itself where both regions say so; automatic is asked twice.
import { useEffect, useState } from "preact/hooks";
import { t } from "../texts";
import { useCommand } from "./command";
import { Confirm } from "./Confirm";
import { SaidLine } from "./Said";
import type { LendingMode as Mode, RegionAtDesk } from "./wire";

const MODES: readonly Mode[] = ["proposed", "automatic"];

export function LendingMode({ region }: { region: RegionAtDesk }) {
  const words = t().lead.mode;
  const { busy, said, run } = useCommand();
  // What was chosen is shown until the region's own mode has followed, or it was refused.
  const [wanted, setWanted] = useState<{ mode: Mode; sent: boolean } | null>(null);
  const carryOut = async (mode: Mode): Promise<void> => {
    setWanted({ mode, sent: true });
    const path = `/v1/regions/${encodeURIComponent(region.region)}/lending`;
    const body = { mode, reason: words.reason };
    if (!(await run({ path, body, method: "PUT", done: words.done(words.names[mode]) }))) setWanted(null);
  };
  const choose = (mode: Mode): void => {
    if (mode === region.mode) return setWanted(null);
    if (mode === "automatic") return setWanted({ mode, sent: false });
    void carryOut(mode);
  };
  useEffect(() => {
    if (wanted?.sent && region.mode === wanted.mode) setWanted(null);
  }, [region, wanted]);
  const now = wanted?.mode ?? region.mode;
  return (
    <div class="control lending-mode">
      <fieldset class="mode-row">
        <legend>{words.title}</legend>
        <div class="mode-choices">
          {MODES.map((mode) => (
            <label key={mode} class={`mode-choice ${mode === now ? "chosen" : ""}`} title={words.means[mode]}>
              <input
                type="radio" name={`lending-${region.region}`} value={mode} checked={mode === now} disabled={busy}
                onChange={() => choose(mode)}
              />
              {words.names[mode]}
            </label>
          ))}
        </div>
      </fieldset>
      {wanted && !wanted.sent && (
        <Confirm question={words.sure(region.region)} yes={words.yes} busy={busy} onYes={() => void carryOut("automatic")} onNo={() => setWanted(null)} />
      )}
      <SaidLine busy={busy} said={said} />
    </div>
  );
}
