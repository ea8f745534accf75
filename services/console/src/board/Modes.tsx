// How each tier of a region is dispatched: in shadow, by suggestion, or automatically; leads and operators may change it.
import { useEffect, useRef, useState } from "preact/hooks";
import { newKey, Refused, send } from "../api";
import { Icon, TierMark } from "../icons";
import { session } from "../session";
import { t } from "../texts";
import { TIERS } from "../tiers";
import type { Mode, RegionView, Tier } from "../wire";
import { DrawerFrame } from "./DrawerFrame";
import { closeDrawers, modesOpen, openModes, regionFilter, regions } from "./store";

const MODES: readonly Mode[] = ["shadow", "suggest", "automatic"];
const MAY_SET = ["lead", "operator"];

const modeOf = (region: RegionView, tier: Tier): Mode => region.modes[tier] ?? "automatic";
const shown = (): RegionView[] => regions.value.filter(({ region }) => regionFilter.value === null || region === regionFilter.value);

/** In the header: opens the modes, and says at once where not everything is automatic. */
export function ModesButton() {
  const byHand = shown().reduce((count, region) => count + TIERS.filter((tier) => modeOf(region, tier) !== "automatic").length, 0);
  const words = t().modes;
  return (
    <button type="button" class={`modes-button ${byHand > 0 ? "by-hand" : ""}`} aria-expanded={modesOpen.value} onClick={openModes}>
      <Icon name={byHand > 0 ? "person" : "turned"} size={14} /> {byHand > 0 ? words.byHand(byHand) : words.allAutomatic}
    </button>
  );
}

interface Wanted {
  tier: Tier;
  mode: Mode;
}

/** Sends one change and puts its answer into words. */
function useModes(region: string) {
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<{ tone: "notice" | "refusal"; text: string } | null>(null);
  const set = async ({ tier, mode }: Wanted): Promise<boolean> => {
    const words = t().modes;
    setBusy(true);
    try {
      const path = `/v1/regions/${encodeURIComponent(region)}/modes`;
      const answer = await send<{ accepted?: number }>(path, { modes: { [tier]: mode } }, newKey(), "PUT");
      setSaid({ tone: "notice", text: answer.accepted ? t().control.late : words.done(t().tiers[tier], words.names[mode]) });
      return true;
    } catch (error) {
      const why = error instanceof Refused ? t().control.refused(error.message) : t().control.away;
      setSaid({ tone: "refusal", text: why });
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, said, set };
}

interface Choosing {
  region: RegionView;
  tier: Tier;
  may: boolean;
  busy: boolean;
  wanted: Mode | null;
  choose: (mode: Mode) => void;
}

function TierModes({ region, tier, may, busy, wanted, choose }: Choosing) {
  const words = t().modes;
  const now = modeOf(region, tier);
  const name = `mode-${region.region}-${tier}`;
  return (
    <fieldset class="mode-row" data-tier={tier} data-mode={now}>
      <legend><TierMark tier={tier} /> {t().tiers[tier]}</legend>
      {may ? (
        <div class="mode-choices">
          {MODES.map((mode) => (
            <label key={mode} class={`mode-choice ${mode === (wanted ?? now) ? "chosen" : ""}`}>
              <input type="radio" name={name} value={mode} checked={mode === (wanted ?? now)} disabled={busy} onChange={() => choose(mode)} />
              {words.names[mode]}
            </label>
          ))}
        </div>
      ) : (
        <b>{words.names[now]}</b>
      )}
    </fieldset>
  );
}

/** The careful answer has the focus: Enter alone changes nothing. */
function Confirm({ tier, yes, no }: { tier: Tier; yes: () => void; no: () => void }) {
  const words = t().modes;
  const back = useRef<HTMLButtonElement>(null);
  useEffect(() => back.current?.focus(), []);
  return (
    <div class="mode-confirm" role="alertdialog" aria-label={words.sure(t().tiers[tier])}>
      <p>{words.sure(t().tiers[tier])}</p>
      <p class="control-row">
        <button type="button" class="primary" onClick={yes}>{words.yes}</button>
        <button type="button" class="text-button" ref={back} onClick={no}>{t().control.back}</button>
      </p>
    </div>
  );
}

function RegionModes({ region }: { region: RegionView }) {
  const { busy, said, set } = useModes(region.region);
  // What was chosen is shown until the region's own mode has followed, or it was refused.
  const [wanted, setWanted] = useState<(Wanted & { sent: boolean }) | null>(null);
  const who = session.value;
  const may = who.status === "in" && MAY_SET.includes(who.me.role);
  const carryOut = async (tier: Tier, mode: Mode): Promise<void> => {
    setWanted({ tier, mode, sent: true });
    if (!(await set({ tier, mode }))) setWanted(null);
  };
  const choose = (tier: Tier, mode: Mode): void => {
    if (mode === modeOf(region, tier)) return setWanted(null);
    if (mode === "automatic") return setWanted({ tier, mode, sent: false });
    void carryOut(tier, mode);
  };
  useEffect(() => {
    if (wanted?.sent && modeOf(region, wanted.tier) === wanted.mode) setWanted(null);
  }, [region, wanted]);
  const asks = (tier: Tier): boolean => wanted?.tier === tier && !wanted.sent;
  return (
    <section class="control modes" aria-label={region.region} data-region={region.region}>
      <h3>{region.region}</h3>
      {TIERS.map((tier) => (
        <div key={tier}>
          <TierModes
            region={region} tier={tier} may={may} busy={busy} wanted={wanted?.tier === tier ? wanted.mode : null}
            choose={(mode) => choose(tier, mode)}
          />
          {asks(tier) && <Confirm tier={tier} yes={() => void carryOut(tier, "automatic")} no={() => setWanted(null)} />}
        </div>
      ))}
      {!may && <p class="muted">{t().modes.notYours}</p>}
      <p role="status" class={said ? `control-said ${said.tone}` : "control-said"}>{busy ? t().control.busy : said?.text}</p>
    </section>
  );
}

export function ModesDrawer() {
  const words = t().modes;
  return (
    <DrawerFrame title={words.title} close={closeDrawers} focus>
      <div class="scroll drawer-body">
        <dl class="facts">
          {MODES.map((mode) => (
            <div key={mode} class="fact"><dt>{words.names[mode]}</dt><dd>{words.means[mode]}</dd></div>
          ))}
        </dl>
        {shown().map((region) => <RegionModes key={region.region} region={region} />)}
      </div>
    </DrawerFrame>
  );
}
