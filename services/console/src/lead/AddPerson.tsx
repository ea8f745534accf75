// Adds somebody of a region that the caller leads to a plan in the making.
import { useState } from "preact/hooks";
import { read } from "../api";
import { middleOf } from "../map/loads";
import { usePolled } from "../polled";
import { t } from "../texts";
import type { EngineerView, Place } from "../wire";
import { nowMs, ownRegions, regions } from "./store";
import type { MovePlan, PlannedMove } from "./wire";

const EVERY_MS = 15_000;
const USUAL_MS = 6 * 3_600_000;

type Candidate = Pick<EngineerView, "engineer_id" | "region" | "state"> & { owner_epoch?: number };

/** Where the others of the plan go; otherwise the middle of what waits there, or of the region. */
function stagingOf(to: string, plan: MovePlan): Place | null {
  const receiver = regions.peek().find(({ region }) => region === to);
  const ring = receiver?.polygon?.coordinates[0];
  return plan.moves[0]?.staging ?? receiver?.load?.centre ?? (ring ? middleOf(ring) : null);
}

export function AddPerson({ to, plan, untilMs, add }: { to: string; plan: MovePlan; untilMs: number | null; add: (move: PlannedMove) => void }) {
  const words = t().lead.draft;
  const [chosen, setChosen] = useState("");
  const donors = ownRegions.value.map(({ region }) => region).filter((region) => region !== to);
  const query = donors.map((region) => `region=${encodeURIComponent(region)}`).join("&");
  const { found } = usePolled(donors.join(), () => read<{ items: Candidate[] }>(`/v1/engineers?${query}&limit=1000`), EVERY_MS);
  if (donors.length === 0) return null;
  const there = new Set(plan.moves.map((move) => move.engineer_id));
  const free = (found?.items ?? []).filter(({ engineer_id, state }) => state !== "off_shift" && !there.has(engineer_id));
  const staging = stagingOf(to, plan);
  const take = (): void => {
    const who = free.find(({ engineer_id }) => engineer_id === chosen);
    if (!who || !staging) return;
    const until = plan.moves[0]?.until ?? new Date(untilMs ?? nowMs() + USUAL_MS).toISOString();
    add({ engineer_id: who.engineer_id, home_region: who.region, to_region: to, owner_epoch: who.owner_epoch ?? 0, staging, until });
    setChosen("");
  };
  return (
    <div class="control-row choose">
      <label class="field">
        <span>{words.add}</span>
        <select name="add" value={chosen} onChange={(event) => setChosen(event.currentTarget.value)}>
          <option value="">{t().control.choose}</option>
          {free.map(({ engineer_id, region, state }) => (
            <option key={engineer_id} value={engineer_id}>{engineer_id} · {region} · {t().engineerStates[state].toLowerCase()}</option>
          ))}
        </select>
      </label>
      <button type="button" class="action" disabled={chosen === "" || staging === null} onClick={take}>{words.addNow}</button>
    </div>
  );
}
