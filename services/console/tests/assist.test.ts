import assert from "node:assert/strict";
import { test } from "node:test";
import { SessionFold } from "../src/assist/fold";
import { fitted, GRID, hits, isInside, MAX_POINTS, simplified, toElement, toGrid } from "../src/assist/geometry";
import { againAfterMs } from "../src/assist/join";
import { IN_FLIGHT, MOST_WAITING, Operations, type NamedOperation } from "../src/assist/operations";
import { placesFor, worse } from "../src/assist/places";
import type { Entry, Mark, Point } from "../src/assist/wire";

const NOW = Date.parse("2026-03-02T10:00:00Z");
/** How far this device's clock is ahead of the log's. */
const AHEAD = 7_000;
const arrow: Mark = { tool: "arrow", points: [[0, 0], [GRID, GRID]], color: "red", width: 3 };

type Told = Partial<Entry> & { kind: Entry["kind"] };

/** Entries numbered from 1, a second apart. */
const log = (...told: Told[]): Entry[] =>
  told.map((one, i) => ({
    session_id: "ses-1", incident_id: "I1", region: "R1", seq: i + 1, at: new Date(NOW + i * 1000).toISOString(),
    author: "ana", author_role: "technician", prev: "", hash: "", jws: "", ...one,
  }) as Entry);

function folded(entries: Entry[], replayed = false): SessionFold {
  const fold = new SessionFold();
  for (const entry of entries) fold.apply(entry, Date.parse(entry.at) + AHEAD, replayed);
  return fold;
}

const opened = log(
  { kind: "opened", party: "ana" },
  { kind: "placed", node: "n1", epoch: 1 },
  { kind: "joined", party: "ana", party_role: "technician" },
  { kind: "joined", party: "eva", party_role: "expert" },
  { kind: "baton_passed", party: "eva" },
  { kind: "joined", party: "max", party_role: "expert" },
);
const then = (...told: Told[]): Entry[] => log(...opened, ...told);

test("the log tells who is there, who leads and how good each link is", () => {
  const fold = folded(then({ kind: "level_changed", party: "ana", level: "stills" }, { kind: "left", party: "max" }));
  assert.equal(fold.technician, "ana");
  assert.deepEqual(fold.withRole("expert"), ["eva"]);
  assert.equal(fold.baton, "eva");
  assert.equal(fold.levels.get("ana"), "stills");
  assert.equal(fold.seq, 8);
  assert.deepEqual(fold.lines.map(({ entry }) => entry.kind).slice(0, 2), ["opened", "joined"]);
});

test("an entry that came before changes nothing, and a missing one is noticed", () => {
  const fold = folded(opened);
  const [first, ...rest] = then({ kind: "said", text: "one" }, { kind: "said", text: "two" }).slice(opened.length);
  assert.equal(fold.apply(rest[0]!, NOW), "gap");
  assert.equal(fold.apply(first!, NOW), "taken");
  assert.equal(fold.apply(first!, NOW), "known");
  assert.equal(fold.apply(rest[0]!, NOW), "taken");
  assert.equal(fold.lines.filter(({ entry }) => entry.kind === "said").length, 2);
});

test("freezing is asked for, done and undone; a mark on the still stays, one on the live picture fades", () => {
  const fold = folded(then(
    { kind: "drawn", mark: arrow, anchor: { rtp: 9 }, fades_after_ms: 5000 },
    { kind: "freeze_asked", still_id: "still-8" },
    { kind: "frozen", still_id: "still-8", width: 1600, height: 1200 },
    { kind: "drawn", mark: arrow, anchor: { still_id: "still-8" } },
  ));
  const drawnAt = NOW + 6000 + AHEAD;
  assert.deepEqual([fold.frozen, fold.freeze_asked], ["still-8", null]);
  assert.deepEqual(fold.shownMarks(null, drawnAt + 4999).map(({ seq }) => seq), [7]);
  assert.deepEqual(fold.shownMarks(null, drawnAt + 5000), []);
  assert.deepEqual(fold.shownMarks("still-8", drawnAt + 1e9).map(({ seq }) => seq), [10]);
  fold.apply({ ...opened[0]!, seq: 11, kind: "unfrozen", still_id: "still-8" } as Entry, NOW);
  assert.equal(fold.frozen, null);
});

test("who comes back sees a live mark only for what is left of its time", () => {
  const drawn = { kind: "drawn", mark: arrow, anchor: {}, fades_after_ms: 5000 } as const;
  const fresh = folded(then(drawn), true);
  assert.deepEqual(fresh.shownMarks(null, 0 + 1), [], "a first visit knows no clock: old marks are not shown");
  const back = folded(opened);
  const missed = then(drawn)[opened.length]!;
  back.apply(missed, Date.parse(missed.at) + AHEAD + 3000, true);
  assert.equal(back.shownMarks(null, Date.parse(missed.at) + AHEAD + 4999).length, 1);
  assert.equal(back.shownMarks(null, Date.parse(missed.at) + AHEAD + 5000).length, 0);
});

test("a mark is erased alone, or all of one frame are cleared", () => {
  const live = { kind: "drawn", mark: arrow, anchor: {} } as const;
  const still = { kind: "drawn", mark: arrow, anchor: { still_id: "s" } } as const;
  const fold = folded(then(live, live, still, { kind: "erased", mark_seq: 7 }, { kind: "cleared", still_id: "s" }));
  assert.deepEqual([...fold.marks.keys()], [8]);
});

test("steps are ticked, unticked and put away; consent and recording follow the log to its end", () => {
  const fold = folded(then(
    { kind: "guide_started", title: "Card", steps: ["a", "b"] },
    { kind: "step_ticked", step: 1 },
    { kind: "consent_asked" }, { kind: "consent_given" }, { kind: "recording_started" },
  ));
  assert.deepEqual(fold.guide, { title: "Card", steps: ["a", "b"], done: [false, true] });
  assert.deepEqual([fold.consent, fold.recording], ["given", true]);
  const rest = then(...Array.from({ length: 5 }, (): Told => ({ kind: "said", text: "x" })),
    { kind: "step_unticked", step: 1 }, { kind: "guide_ended" }, { kind: "ended", outcome: "resolved", note: "n" });
  for (const entry of rest.slice(fold.seq)) fold.apply(entry, NOW);
  assert.deepEqual([fold.guide, fold.ended, fold.recording, fold.outcome, fold.note], [null, true, false, "resolved", "n"]);
});

test("a letterboxed picture and its grid agree both ways, whichever side the bars are on", () => {
  for (const [width, height] of [[390, 600], [1000, 300]] as const) {
    const box = fitted(1280, 720, width, height);
    assert.ok(Math.abs(box.width / box.height - 1280 / 720) < 1e-9);
    assert.ok(box.left >= 0 && box.top >= 0 && box.left + box.width <= width + 1e-9 && box.top + box.height <= height + 1e-9);
    assert.deepEqual(toGrid(box.left, box.top, box), [0, 0]);
    assert.deepEqual(toGrid(box.left + box.width, box.top + box.height, box), [GRID, GRID]);
    const [x, y] = toElement(toGrid(box.left + 33, box.top + 44, box), box);
    assert.ok(Math.abs(x - box.left - 33) < 0.02 && Math.abs(y - box.top - 44) < 0.02);
    assert.deepEqual(toGrid(-50, 9999, box), [0, GRID], "beside the picture is its edge");
    assert.ok(!isInside(box.left - 1, box.top, box) && isInside(box.left + 1, box.top + 1, box));
  }
});

test("a freehand path keeps its shape and never has more points than a mark may", () => {
  const line = Array.from({ length: 900 }, (_, i): Point => [i * 20, 500]);
  assert.deepEqual(simplified(line), [[0, 500], [899 * 20, 500]]);
  const wild = Array.from({ length: 5000 }, (_, i): Point => [i * 13, i % 2 ? 0 : GRID]);
  assert.ok(simplified(wild).length <= MAX_POINTS);
  const corner: Point[] = [[0, 0], [100, 3], [20_000, 0], [20_000, 20_000]];
  assert.deepEqual(simplified(corner), [[0, 0], [20_000, 0], [20_000, 20_000]]);
});

test("a tap finds the mark that it means", () => {
  const box = { left: 0, top: 0, width: 800, height: 400 };
  const middle: Point = [GRID / 2, GRID / 2].map(Math.round) as Point;
  const circle: Mark = { ...arrow, tool: "circle", points: [middle, [Math.round(GRID * 0.75), middle[1]]] };
  assert.ok(hits(arrow, 400, 205, box) && !hits(arrow, 400, 300, box));
  assert.ok(hits(circle, 600, 200, box) && !hits(circle, 400, 200, box), "the rim, not the inside");
  assert.ok(hits({ ...arrow, tool: "rectangle" }, 0, 200, box) && !hits({ ...arrow, tool: "rectangle" }, 400, 200, box));
});

test("an operation is sent until it is done, in order, a few at once, and refused for good only by a lasting reason", () => {
  const sent: NamedOperation[] = [];
  let open = true;
  let keys = 0;
  const operations = new Operations((op) => open && sent.push(op) > 0, () => `op${++keys}`);
  for (let i = 0; i < IN_FLIGHT + 2; i++) operations.add({ type: "say", text: String(i) }, 0);
  assert.equal(sent.length, IN_FLIGHT);
  operations.done("op1", 10);
  assert.equal(sent.at(-1)?.op_id, `op${IN_FLIGHT + 1}`);
  assert.equal(operations.refused({ type: "refused", reason: "not_stored", detail: "", op_id: "op2" }, 10), false);
  assert.equal(operations.refused({ type: "refused", reason: "not_allowed", detail: "", op_id: "op3" }, 10), true);
  sent.length = 0;
  operations.startOver(20);
  assert.deepEqual(sent.slice(0, 2).map(({ op_id }) => op_id), ["op2", "op4"]);
  open = false;
  while (operations.add({ type: "freeze" }, 30) !== null);
  assert.equal(operations.waiting.length, MOST_WAITING);
});

test("the technician has the first place, the other experts the next; the worse of two levels counts", () => {
  const fold = folded(opened);
  assert.deepEqual(placesFor(fold, "max"), ["ana", "eva", null, null]);
  assert.deepEqual(placesFor(fold, "ana"), ["eva", "max", null, null]);
  assert.deepEqual(placesFor(folded(log({ kind: "opened" })), "eva"), [null, null, null, null]);
  assert.equal(worse("one_fps", "video"), "one_fps");
  assert.deepEqual([0, 1, 2, 3, 40].map(againAfterMs), [250, 500, 1000, 1000, 1000]);
});
