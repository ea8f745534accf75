// A lead declares a disaster in their region, amends it, or lifts it; what it permits is said in words.
import { useState } from "preact/hooks";
import { Icon } from "../icons";
import { t } from "../texts";
import { localText, momentOf, toMs, whenText } from "../time";
import type { Permit } from "../wire";
import { useCommand } from "./command";
import { Confirm } from "./Confirm";
import { MomentField, ReasonField } from "./Fields";
import { SaidLine } from "./Said";
import { nowMs, zone } from "./store";
import type { RegionAtDesk } from "./wire";

const PERMITS: readonly Permit[] = ["off_shift", "excluded_customers"];
const USUAL_MS = 12 * 3_600_000;

type Open = "nothing" | "form" | "lift";

interface FormOf {
  region: RegionAtDesk;
  busy: boolean;
  declare: (until: string, permits: Permit[], reason: string) => void;
  close: () => void;
}

function DisasterForm({ region, busy, declare, close }: FormOf) {
  const words = t().lead.disaster;
  const stands = region.disaster;
  const [until, setUntil] = useState(localText(stands ? toMs(stands.until) : nowMs() + USUAL_MS, zone.value));
  const [permits, setPermits] = useState<Permit[]>(stands?.permits ?? []);
  const [reason, setReason] = useState(stands?.reason ?? "");
  const ends = momentOf(until, zone.value);
  const toggle = (permit: Permit): void =>
    setPermits(permits.includes(permit) ? permits.filter((one) => one !== permit) : [...permits, permit]);
  const ready = !busy && ends !== null && ends > nowMs() && reason.trim() !== "";
  return (
    <form
      class="control-form" aria-label={stands ? words.amend : words.declare}
      onSubmit={(event) => { event.preventDefault(); if (ends !== null) declare(new Date(ends).toISOString(), permits, reason.trim()); }}
    >
      <p class="muted">{words.means}</p>
      <MomentField label={words.until} name="until" value={until} change={setUntil} />
      <fieldset class="field">
        <legend>{words.permits}</legend>
        {PERMITS.map((permit) => (
          <label key={permit} class="check">
            <input type="checkbox" name={permit} checked={permits.includes(permit)} onChange={() => toggle(permit)} />
            {t().disaster.permits[permit]}
          </label>
        ))}
      </fieldset>
      <ReasonField value={reason} change={setReason} />
      <p class="control-row">
        <button type="submit" class="primary" disabled={!ready}>{stands ? words.amendNow : words.declareNow}</button>
        <button type="button" class="text-button" onClick={close}>{t().control.back}</button>
      </p>
    </form>
  );
}

export function DisasterControl({ region }: { region: RegionAtDesk }) {
  const words = t().lead.disaster;
  const [open, setOpen] = useState<Open>("nothing");
  const { busy, said, run } = useCommand();
  const put = async (body: object, done: string): Promise<void> => {
    const path = `/v1/regions/${encodeURIComponent(region.region)}/disaster`;
    if (await run({ path, body, method: "PUT", done })) setOpen("nothing");
  };
  const stands = region.disaster;
  return (
    <div class="control disaster-control">
      {stands && <p>{t().disaster.stands(region.region)}, {t().disaster.until(whenText(toMs(stands.until), zone.value, nowMs()))}: {stands.reason}</p>}
      {open === "nothing" && (
        <p class="control-row">
          <button type="button" class="action" disabled={busy} onClick={() => setOpen("form")}>
            <Icon name="broken" size={14} /> {stands ? words.amend : words.declare}
          </button>
          {stands && <button type="button" class="action" disabled={busy} onClick={() => setOpen("lift")}>{words.lift}</button>}
        </p>
      )}
      {open === "form" && (
        <DisasterForm
          region={region} busy={busy} close={() => setOpen("nothing")}
          declare={(until, permits, reason) => void put({ declared: true, until, permits, reason }, words.done)}
        />
      )}
      {open === "lift" && (
        <Confirm
          question={words.sureLift(region.region)} yes={words.liftNow} busy={busy} onNo={() => setOpen("nothing")}
          onYes={() => void put({ declared: false, reason: words.liftReason }, words.lifted)}
        />
      )}
      <SaidLine busy={busy} said={said} />
    </div>
  );
}
