import assert from "node:assert/strict";
import { test } from "node:test";
import { backlogH, byStrain, strainOf, waitingOf } from "../src/lead/load";
import { amended, byDonor, changesOf, commitState, isExercise, missingOf, ownParties, regionsOf, type Shown } from "../src/lead/plan";
import { lendingFrom, reportFrom } from "../src/lead/received";
import { changeSentence, lackSentences, loadSentence, loanSentence, spareSentence } from "../src/lead/sentences";
import { axisOf, inOrder as loansInOrder, mayExtend, spansOf, ticksOf } from "../src/lead/spans";
import { figureOf, inOrder, roundUp, scaleFor, scalesOf, verdictOf } from "../src/lead/spreads";
import type { LoanView, PlannedMove, Proposal, RegionAtDesk, RegionFork, RegionFuture, RegionLoad, Spread } from "../src/lead/wire";
import { setLanguage } from "../src/texts";
import { localText, momentOf, whenText } from "../src/time";
import { AT, minutes, NOW } from "./made";

const HOUR_MS = 3_600_000;

const load = (over: Partial<RegionLoad> = {}): RegionLoad => ({
  region: "R1", log: "L", offset: 1, at: AT, utc_offset_min: 0, demand: {}, travel_ms: 0, arrivals: 0, waiting: {}, waiting_work_ms: {},
  waited_p50_s: 0, waited_p90_s: 0, waited_max_s: 0, breaking: 0, breaking_within_min: 180, exercise: false, on_duty: 4, home_on_duty: 4,
  home_strength: 4, busy: 0, able: {}, free_soon: {}, ms_per_km: 0, disaster_until: null, alerts: [], centre: null, lending: null,
  entry_certificates: [], lends_to: null, ...over,
});
const region = (name: string, over: Partial<RegionAtDesk> = {}): RegionAtDesk => ({
  region: name, mode: "proposed", lead: false, load: null, disaster: null, alerts: [], polygon: null, exercise: false, ...over,
});
const move = (name: string, over: Partial<PlannedMove> = {}): PlannedMove => ({
  engineer_id: name, home_region: "R2", to_region: "R1", owner_epoch: 0, staging: { lat: 38.7, lon: -9.1 }, until: minutes(360), ...over,
});
const proposal = (over: Partial<Proposal> = {}): Proposal => ({
  proposal_id: "P", to_region: "R1", version: 1, plan: { moves: [move("E1")] }, plan_hash: "aa", by: "surge", reason: "", proposed_at: AT,
  expires_at: minutes(30), reasons: [], parties: ["R1", "R2"], consents: {}, state: "standing", certificates: [], ...over,
});
const loan = (over: Partial<LoanView> = {}): LoanView => ({
  loan_id: "l", engineer_id: "E1", home_region: "R2", to_region: "R1", stage: "travelling", since: minutes(-30), until: minutes(120),
  authority: "ana", place: null, arrives_at: minutes(20), owner_region: "R1", ...over,
});
const spread = (mean: number, over: Partial<Spread> = {}): Spread => ({ mean, p10: mean, p50: mean, p90: mean, ...over });
const future = (over: Partial<RegionFuture> = {}): RegionFuture => ({
  incidents: spread(0), waited_min: spread(0), broken: {}, left_waiting: spread(0), left_work_min: spread(0), stranded: spread(0), ...over,
});
const fork = (name: string, over: Partial<RegionFork> = {}): RegionFork => ({
  region: name, role: "donor", without: future(), with_move: future(), difference: future(), ...over,
});

test("a region is strained by the hours that wait for each engineer, and never calm while a promise will break", () => {
  const work = (h: number): RegionLoad => load({ waiting_work_ms: { core: h * HOUR_MS } });
  assert.equal(strainOf(null), "unknown");
  assert.equal(strainOf(work(3.9)), "calm");
  assert.equal(strainOf(work(4)), "strained");
  assert.equal(strainOf(work(12)), "overloaded");
  assert.equal(strainOf(load({ breaking: 1 })), "strained");
  assert.equal(backlogH(load({ on_duty: 0, waiting: { gold: 1 } })), Infinity);
  assert.equal(strainOf(load({ on_duty: 0, waiting: { gold: 1 } })), "overloaded");
  assert.equal(strainOf(load({ on_duty: 0 })), "calm");
  assert.equal(waitingOf(load({ waiting: { gold: 2, silver: 3 } })), 5);
});

test("the most strained region comes first, one that tells nothing before the calm ones", () => {
  const calm = region("A", { load: load() });
  const worse = region("C", { load: load({ breaking: 5 }) });
  const bad = region("B", { load: load({ breaking: 2 }) });
  assert.deepEqual(byStrain([calm, region("Z"), bad, worse]).map((one) => one.region), ["C", "B", "Z", "A"]);
});

test("what differs between two plans: who, until when, where awaited, and who has moved since", () => {
  const before = { moves: [move("E1"), move("E2"), move("E3"), move("E4", { home_region: "R3" })] };
  const after = {
    moves: [move("E5"), move("E2", { until: minutes(420) }), move("E3", { owner_epoch: 2, staging: { lat: 38.8, lon: -9.1 } }), move("E4")],
  };
  const changes = changesOf(before, after);
  assert.deepEqual(changes.map(({ what, move: { engineer_id } }) => `${engineer_id} ${what}`), [
    "E1 takenOut", "E2 until", "E3 staging", "E3 owner", "E4 takenOut", "E4 added", "E5 added",
  ]);
  assert.deepEqual(changesOf(before, before), []);
  const same = { moves: [move("E1", { until: minutes(360).replace(".000Z", "Z") })] };
  assert.deepEqual(changesOf({ moves: [move("E1")] }, same), []);
});

test("a change reads as a sentence in both languages", () => {
  const [change] = changesOf({ moves: [move("E2")] }, { moves: [move("E2", { until: minutes(420) })] });
  assert.ok(change);
  assert.equal(changeSentence(change, "UTC", NOW), "E2 stays until 17:00, not 16:00");
  setLanguage("es");
  assert.equal(changeSentence(change, "UTC", NOW), "E2 se queda hasta 17:00, no 16:00");
  setLanguage("en");
});

test("a plan speaks of its receivers, then its donors, each once, and people stand with who lends them", () => {
  const plan = { moves: [move("E9", { home_region: "R4" }), move("E2"), move("E1")] };
  assert.deepEqual(regionsOf(plan), ["R1", "R2", "R4"]);
  assert.deepEqual(byDonor(plan).map(([name, moves]) => [name, ...moves.map((one) => one.engineer_id)]), [["R2", "E1", "E2"], ["R4", "E9"]]);
});

test("an amendment takes people out, adds others once, and may set until when for everybody", () => {
  const plan = { moves: [move("E1"), move("E2")] };
  const made = amended(plan, new Set(["E2"]), [move("E3"), move("E2")], minutes(60));
  assert.deepEqual(made.moves.map((one) => [one.engineer_id, one.until]), [["E2", minutes(60)], ["E3", minutes(60)]]);
  assert.deepEqual(amended(plan, new Set(["E1"]), [], null).moves, [move("E1")]);
});

test("only the plan that stands, whose futures were seen, may be committed", () => {
  const stands = proposal();
  const shown = (over: Partial<Shown> = {}): Shown => ({ proposal: stands, looked: stands, forkHash: "aa", forkFailed: false, own: ["R1"], ...over });
  assert.equal(commitState(shown()), "ready");
  assert.equal(commitState(shown({ forkHash: null })), "waiting");
  assert.equal(commitState(shown({ forkHash: null, forkFailed: true })), "unseen");
  assert.equal(commitState(shown({ forkHash: "bb" })), "otherShown");
  assert.equal(commitState(shown({ proposal: proposal({ plan_hash: "bb", version: 2 }) })), "outdated");
  assert.equal(commitState(shown({ own: [] })), "notParty");
  assert.equal(commitState(shown({ proposal: proposal({ state: "refused" }) })), "over");
  const given = proposal({ consents: { R1: { by: "ana", at: AT } } });
  assert.equal(commitState(shown({ proposal: given, looked: given })), "consented");
  assert.deepEqual(missingOf(given), ["R2"]);
});

test("a lead speaks for the parties that they lead, and a drill is known by any of its regions", () => {
  const regions = [region("R1", { lead: true }), region("R2"), region("R9", { exercise: true, lead: true })];
  assert.deepEqual(ownParties(proposal(), regions), ["R1"]);
  assert.equal(isExercise(["R1", "R2"], regions), false);
  assert.equal(isExercise(["R1", "R9"], regions), true);
});

test("why people should move, as sentences: who lacks what once, then each donor with the balance", () => {
  const reasons = ["R2", "R3"].map((home_region, n) => ({
    home_region, to_region: "R1", count: n + 1, saved_h: 14.2, cost_h: 2, lacks: { radio: 3, core: 12.25 }, note: "",
  }));
  assert.deepEqual(lackSentences(reasons), ["R1 lacks hands for 12 h 15 min of core and 3 h of radio."]);
  const [first] = reasons;
  assert.ok(first);
  assert.equal(spareSentence(first), "R2 can spare 1. That saves 14 h 12 min of waiting in R1 and costs 2 h in R2.");
  assert.equal(loadSentence(load({ waiting_work_ms: { core: 6 * HOUR_MS } })), "Strained: 1 h 30 min of work for each of 4 on duty");
  assert.equal(loadSentence(load({ on_duty: 0, waiting: { gold: 2 } })), "Overloaded: nobody on duty, 2 waiting");
});

test("a verdict needs an interval, and what nobody would notice is the same", () => {
  assert.equal(verdictOf(spread(-5), "waited_min"), "open");
  assert.equal(verdictOf(spread(-5, { mean_low: -8, mean_high: -2 }), "waited_min"), "better");
  assert.equal(verdictOf(spread(5, { mean_low: 2, mean_high: 8 }), "waited_min"), "worse");
  assert.equal(verdictOf(spread(1, { mean_low: -2, mean_high: 4 }), "waited_min"), "open");
  assert.equal(verdictOf(spread(0.1, { mean_low: 0.05, mean_high: 0.2 }), "waited_min"), "same");
  assert.equal(verdictOf(spread(0.1, { mean_low: 0.06, mean_high: 0.2 }), "broken_gold"), "worse");
});

test("regions and tiers share a scale that never shrinks while futures arrive", () => {
  const wide = fork("R1", { without: future({ waited_min: spread(50, { p90: 101 }), broken: { silver: spread(7) } }) });
  const scales = scalesOf([wide, fork("R2")], {});
  assert.equal(scaleFor(scales, "waited_min"), 120);
  assert.equal(scaleFor(scales, "broken_gold"), 8);
  assert.equal(scaleFor(scales, "broken_silver"), 8);
  const later = scalesOf([fork("R1")], scales);
  assert.deepEqual(later, scales);
  assert.deepEqual([0, 1, 1.1, 13, 99, 101].map(roundUp), [1, 1, 1.2, 15, 100, 120]);
});

test("who receives is shown before who lends, and a tier without incidents breaks nothing", () => {
  const report = reportFrom({
    at: AT, horizon_min: 180, futures: 1, wanted: 60, plan: { moves: [] }, plan_hash: "aa", positions: [], cpu_s_per_future: 0,
    regions: [fork("R2"), fork("R3", { role: "other" }), fork("R1", { role: "receiver" })],
  });
  assert.deepEqual(inOrder(report).map((one) => one.region), ["R1", "R2", "R3"]);
  assert.deepEqual([report.refused, report.journeys], [[], []]);
  assert.equal(figureOf(future(), "broken_gold").mean, 0);
});

test("what the gateway leaves out of the desk is empty, not undefined", () => {
  const view = lendingFrom({ regions: [{ region: "R1", load: { region: "R1", log: "L", offset: 1, at: AT } }] });
  assert.deepEqual([view.proposals, view.loans, view.refusals, view.at], [[], [], [], null]);
  assert.equal(strainOf(view.regions[0]?.load ?? null), "calm");
  assert.equal(view.regions[0]?.mode, "proposed");
});

test("each stage of a loan covers the axis without a gap", () => {
  const stages: [Partial<LoanView>, string[]][] = [
    [{ stage: "committed", arrives_at: null, since: minutes(-5) }, ["home", "journey", "there", "home"]],
    [{ stage: "travelling" }, ["home", "journey", "there", "home"]],
    [{ stage: "working", arrives_at: minutes(-20) }, ["home", "journey", "there", "home"]],
    [{ stage: "working", until: minutes(-10), arrives_at: minutes(-20) }, ["home", "journey", "there", "overdue", "home"]],
    [{ stage: "recalled", since: minutes(-20), arrives_at: null }, ["home", "there", "home"]],
    [{ stage: "released" }, ["home", "way_back", "home"]],
    [{ stage: "returned", arrives_at: minutes(-10) }, ["home", "way_back", "home"]],
  ];
  for (const [over, kinds] of stages) {
    const one = loan(over);
    const axis = axisOf([one], NOW);
    const spans = spansOf(one, axis, NOW);
    assert.deepEqual(spans.map(({ kind }) => kind), kinds, String(over.stage));
    assert.equal(spans[0]?.fromMs, axis.fromMs);
    assert.equal(spans.at(-1)?.toMs, axis.toMs);
    spans.slice(1).forEach((span, n) => assert.equal(span.fromMs, spans[n]?.toMs));
  }
});

test("the axis' ticks are few and on round hours of the page's zone", () => {
  const axis = axisOf([loan({ until: minutes(60 * 30) })], NOW);
  const half = 30 * 60_000;
  const ticks = ticksOf(axis, half);
  assert.ok(ticks.length >= 3 && ticks.length <= 9);
  assert.ok(ticks.every((at) => (at + half) % HOUR_MS === 0));
});

test("those still out stand before those who are back, and only they may be asked for longer", () => {
  const back = loan({ loan_id: "back", stage: "returned", until: minutes(-60) });
  const late = loan({ loan_id: "late", until: minutes(300) });
  assert.deepEqual(loansInOrder([back, late, loan()]).map((one) => one.loan_id), ["l", "late", "back"]);
  assert.deepEqual([mayExtend(late), mayExtend(back), mayExtend(loan({ stage: "released" }))], [true, false, false]);
  assert.equal(loanSentence(loan(), "UTC", NOW), "On the way to R1, there at 10:20, until 12:00");
});

test("a field's day and time are those of the zone, on either side of a clock change", () => {
  const zone = "Europe/Lisbon";
  for (const at of ["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-10-25T02:30:00Z", "2026-07-01T12:00:00Z"])
    assert.equal(momentOf(localText(Date.parse(at), zone), zone), Date.parse(at));
  assert.equal(localText(Date.parse("2026-03-29T01:30:00Z"), zone), "2026-03-29T02:30");
  assert.equal(momentOf("", zone), null);
  assert.equal(whenText(NOW, "UTC", NOW), "10:00");
  assert.match(whenText(NOW + 24 * HOUR_MS, "UTC", NOW), /Tue.* 10:00$/);
});
