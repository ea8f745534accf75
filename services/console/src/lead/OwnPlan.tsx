// A lead's own plan: for which region, then as any plan in the making.
import { useState } from "preact/hooks";
import { t } from "../texts";
import { DraftForm } from "./DraftForm";
import { Futures } from "./Futures";
import { regionsOf } from "./plan";
import { lending, ownRegions, regions } from "./store";
import { useFork } from "./useFork";

const EMPTY = { moves: [] };

export function OwnPlan({ close }: { close: () => void }) {
  const words = t().lead.draft;
  const standing = new Set(lending.value?.proposals.filter(({ state }) => state === "standing").map((one) => one.to_region));
  const open = regions.value.map(({ region }) => region).filter((region) => !standing.has(region));
  const [to, setTo] = useState(ownRegions.peek().find(({ region }) => !standing.has(region))?.region ?? open[0] ?? "");
  const fork = useFork();
  const again = (): void => {
    const plan = fork.state.peek().report?.plan;
    if (plan) fork.ask({ regions: regionsOf(plan), plan });
  };
  if (to === "") return <p class="panel empty">{words.allStand}</p>;
  return (
    <article class="panel proposal own-plan">
      <header class="proposal-head"><h3>{words.ownTitle}</h3></header>
      <div class="control">
        <label class="field">
          <span>{words.to}</span>
          <select name="to" value={to} onChange={(event) => { setTo(event.currentTarget.value); fork.forget(); }}>
            {open.map((region) => <option key={region} value={region}>{region}</option>)}
          </select>
        </label>
      </div>
      <DraftForm key={to} to={to} base={EMPTY} baseHash={null} fork={fork} close={close} done={close} />
      {fork.state.value.status !== "idle" && <Futures fork={fork} title={t().lead.futures.ofDraft} regions={[to]} ask={again} />}
    </article>
  );
}
