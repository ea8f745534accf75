// Why an engineer was sent to wait elsewhere: what it saves, what the road costs, who else and where else.
import { useEffect, useState } from "preact/hooks";
import { read, request } from "../api";
import { Icon } from "../icons";
import { session } from "../session";
import { ruleText, t } from "../texts";
import { clockText, durationText, toMs } from "../time";
import type { PostingFlip, PostingMove, PostingReceipt, PostingReceipts } from "../wire";
import { boardMap } from "./BoardMap";
import { DrawerFrame } from "./DrawerFrame";
import { DERIVED_WITHIN_MS, MAY_ASK_WHY } from "./receipts";
import { closeDrawers, picture, selectedPosting, zoneOf, type ChosenPosting } from "./store";

type State = "stored" | "deriving" | "full" | "failed";

/** The stored receipts of the engineer's last postings, or in full from the log when somebody asks. */
function usePostings(engineer: string): { receipts: PostingReceipt[] | null; state: State; derive: () => void } {
  const [receipts, setReceipts] = useState<PostingReceipt[] | null>(null);
  const [state, setState] = useState<State>("stored");
  const who = session.value;
  const may = who.status === "in" && MAY_ASK_WHY.includes(who.me.role);
  const path = `/v1/engineers/${encodeURIComponent(engineer)}/receipts`;
  useEffect(() => {
    let wanted = true;
    const take = (found: PostingReceipt[]): void => { if (wanted) setReceipts(found); };
    if (may) read<PostingReceipts>(path).then((answer) => take(answer.receipts), () => take([]));
    return () => {
      wanted = false;
    };
  }, [path, may]);
  const derive = (): void => {
    setState("deriving");
    request<PostingReceipts>(`${path}?detail=full`, { signal: AbortSignal.timeout(DERIVED_WITHIN_MS) }).then(
      (answer) => {
        setReceipts(answer.receipts);
        setState("full");
      },
      () => setState("failed"),
    );
  };
  return { receipts, state, derive };
}

const worth = (move: PostingMove): string => signed(move.saves - move.road);
const signed = (value: number): string => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;

/** A change that would have led to another posting. */
export function postingFlipText(flip: PostingFlip): string {
  const words = t().posting;
  const then = words.then(flip.then_engineer_id ?? words.nobody);
  if (flip.change === "farther") return `${t().receipt.changes.farther(flip.engineer_id ?? "?", durationText(flip.amount * 1000))} ${then}`;
  if (flip.change === "nearer") return `${t().receipt.changes.nearer(flip.engineer_id ?? "?", durationText(flip.amount * 1000))} ${then}`;
  return `${words.changes[flip.change](flip.amount.toFixed(2))} ${then}`;
}

function Moves({ title, moves }: { title: string; moves: PostingMove[] }) {
  const words = t().posting;
  if (moves.length === 0) return null;
  return (
    <>
      <h4>{title}</h4>
      <ul class="candidates">
        {moves.map((move, n) => (
          <li key={n} class="candidate">
            <span class="candidate-head">
              <b>{move.engineer_id}</b>
              <span>{t().receipt.away(durationText(move.travel_time_s * 1000))} · {t().common.km(move.road_km.toFixed(1))}</span>
            </span>
            <span class="candidate-why">{words.worth(move.saves.toFixed(1), move.road.toFixed(1), worth(move))}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

export function PostingView({ receipt }: { receipt: PostingReceipt }) {
  const words = t().posting;
  const { chosen } = receipt;
  const kinds = Object.entries(receipt.saves_by_kind ?? {}).sort(([, a], [, b]) => Math.abs(b) - Math.abs(a));
  const stays = Object.entries(receipt.stays ?? {});
  return (
    <section class="receipt" aria-label={t().receipt.title} data-posting={receipt.id}>
      <p class="receipt-winner">
        {words.chosen(chosen.engineer_id)} · {t().receipt.away(durationText(chosen.travel_time_s * 1000))} · {t().common.km(chosen.road_km.toFixed(1))}
      </p>
      <p>{words.worth(chosen.saves.toFixed(1), chosen.road.toFixed(1), worth(chosen))}</p>
      <p class="candidate-why">
        {words.expected(receipt.reports_per_hour.toFixed(1), durationText(receipt.horizon_min * 60_000))}
        {kinds.length > 0 && ` ${words.kinds(kinds.map(([kind, saved]) => `${kind} ${signed(saved)}`).join(" · "))}`}
      </p>
      <Moves title={words.otherEngineers} moves={receipt.other_engineers ?? []} />
      <Moves title={words.otherPlaces} moves={receipt.other_places ?? []} />
      {stays.length > 0 && (
        <>
          <h4>{words.stays}</h4>
          <ul class="rule-counts">
            {stays.map(([why, count]) => <li key={why}>{words.staysWhy[why] ?? ruleText(why)}: <b>{count}</b></li>)}
          </ul>
        </>
      )}
      {(receipt.flips ?? []).length > 0 && (
        <>
          <h4>{t().receipt.flips}</h4>
          <ul class="flips">{(receipt.flips ?? []).map((flip) => <li key={postingFlipText(flip)}>{postingFlipText(flip)}</li>)}</ul>
        </>
      )}
      <p class="receipt-inputs">
        {words.inputs(receipt.policy, receipt.policy_version, receipt.travel_version, receipt.offset, receipt.considered)}
      </p>
    </section>
  );
}

export function PostingDrawer({ chosen }: { chosen: ChosenPosting }) {
  const words = t().posting;
  const { receipts, state, derive } = usePostings(chosen.engineer);
  const receipt = chosen.place === null
    ? receipts?.at(-1)
    : receipts?.find(({ offset, n }) => `${offset}/${n}` === chosen.place);
  const region = picture.engineers.get(chosen.engineer)?.region ?? "";
  return (
    <DrawerFrame title={words.title(chosen.engineer)} close={closeDrawers} focus>
      <div class="scroll drawer-body">
        {receipts !== null && !receipt && <p class="empty">{words.gone}</p>}
        {receipt && (
          <>
            <p class="drawer-what">
              {clockText(toMs(receipt.decided_at), zoneOf(region))}
              <button type="button" class="text-button" onClick={() => boardMap?.show(receipt.chosen.place)}>
                <Icon name="locate" size={13} /> {t().drawer.onMap}
              </button>
            </p>
            <PostingView receipt={receipt} />
            {state !== "full" && (
              <button type="button" class="text-button" disabled={state === "deriving"} onClick={derive}>
                {state === "deriving" ? t().receipt.deriving : t().receipt.derive}
              </button>
            )}
            {state === "failed" && <p class="notice">{t().receipt.failed}</p>}
            {state === "full" && <p class="receipt-inputs">{t().receipt.derived}</p>}
          </>
        )}
      </div>
    </DrawerFrame>
  );
}

/** Opens the receipt of one posting; without a place the engineer's last one. */
export function openPosting(engineer: string, place: string | null): void {
  closeDrawers();
  selectedPosting.value = { engineer, place };
}
