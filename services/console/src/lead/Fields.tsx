// The fields that the lead's forms share: a reason, and a moment in the page's time zone.
import { t } from "../texts";
import { localText } from "../time";
import { nowMs, zone } from "./store";

export function ReasonField({ value, change, needed = true }: { value: string; change: (value: string) => void; needed?: boolean }) {
  const words = t().control;
  return (
    <label class="field">
      <span>{words.reason}{!needed && ` (${t().lead.form.optional})`}</span>
      <input
        type="text" name="reason" required={needed} maxLength={500} value={value} placeholder={words.reasonHint}
        onInput={(event) => change(event.currentTarget.value)}
      />
    </label>
  );
}

export function MomentField({ label, name, value, change, needed = true }: {
  label: string; name: string; value: string; change: (value: string) => void; needed?: boolean;
}) {
  return (
    <label class="field">
      <span>{label} <span class="muted">({zone.value})</span></span>
      <input
        type="datetime-local" name={name} required={needed} value={value} min={localText(nowMs(), zone.value)}
        onInput={(event) => change(event.currentTarget.value)}
      />
    </label>
  );
}

export function NumberField({ label, name, value, change, least = 1, most = 100 }: {
  label: string; name: string; value: number; change: (value: number) => void; least?: number; most?: number;
}) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="number" name={name} min={least} max={most} value={value} required
        onInput={(event) => Number.isFinite(event.currentTarget.valueAsNumber) && change(event.currentTarget.valueAsNumber)}
      />
    </label>
  );
}
