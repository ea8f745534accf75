import assert from "node:assert/strict";
import { test } from "node:test";
import { crewText } from "../src/board/ControlFacts";
import { curvesOf } from "../src/board/curves";
import { Picture } from "../src/board/picture";
import { boardFrom, decisionFrom, incidentFrom, type SparseBoard } from "../src/received";
import { groupsOf, urgency } from "../src/board/urgency";
import type { Alert, BoardView, Disaster } from "../src/wire";
import { decision, engineer, incident, kpi, minutes, NOW } from "./made";

const view = (over: Partial<BoardView> = {}): BoardView => ({
  now: minutes(0), clock: "wall", incidents: [incident()], engineers: [engineer()], kpi: [], last_event_id: "v",
  regions: [{
    region: "R1", time_zone: "UTC", polygon: null, log: "L", offset: 10, now: null, waiting: 1, engineers_by_state: {},
    modes: {}, disaster: null, alerts: [], causes: [], exercise: null, exercise_over: null, rules: { daily_rest_min: 660, break_after_min: 360, break_min: 30, week_max_min: 2880 },
    terms: { speed_kmh: 40, circuity: 1.3, breach_penalty_min: 60,
      promise_min: { platinum: 60, gold: 120, silver: 240 }, weight: { platinum: 8, gold: 3, silver: 1 } },
  }],
  ...over,
});
const loaded = (): Picture => {
  const picture = new Picture();
  picture.load(view());
  return picture;
};
const sent = decision(11, {
  kind: "assigned", incident_id: "I1", engineer_id: "E1", epoch: 1, incident_state: "assigned",
  engineer_state: "en_route", arrives_at: minutes(20), from_place: { lat: 38.8, lon: -9.2 }, place: { lat: 38.7, lon: -9.1 },
});

test("a decision that the snapshot already holds is not applied again", () => {
  const picture = loaded();
  assert.equal(picture.apply(decision(10, { kind: "resolved", incident_id: "I1", incident_state: "resolved" })), false);
  assert.equal(picture.incidents.get("I1")?.state, "waiting");
});

test("a warning is shown once, an update takes its place, and its end takes it away", () => {
  const picture = loaded();
  const warning = (name: string): Alert => ({
    alert: name, status: "Actual", event: "Storm", category: ["Met"], urgency: "Expected", severity: "Severe", certainty: "Likely",
    onset: minutes(0), expires: minutes(60), headline: "", area: "", areas: [],
  });
  const shown = (): string[] => picture.regions.get("R1")?.alerts.map((one) => one.alert) ?? [];
  picture.apply(decision(11, { kind: "alert_raised", alert: warning("a") }));
  picture.apply(decision(12, { kind: "alert_updated", alert: warning("b"), replaces: ["a"] }));
  assert.deepEqual(shown(), ["b"]);
  picture.apply(decision(13, { kind: "alert_expired", alert: warning("b") }));
  assert.deepEqual(shown(), []);
});

test("a disaster stands from its declaration to its end", () => {
  const picture = loaded();
  const disaster: Disaster = {
    disaster_id: "d", declared_at: minutes(0), until: minutes(60), permits: ["off_shift"], by: "lead-1", reason: "the flood",
  };
  picture.apply(decision(11, { kind: "disaster_declared", disaster }));
  assert.equal(picture.regions.get("R1")?.disaster?.by, "lead-1");
  picture.apply(decision(12, { kind: "disaster_lifted", disaster }));
  assert.equal(picture.regions.get("R1")?.disaster, null);
});

test("a decision delivered twice counts once", () => {
  const picture = loaded();
  const away = decision(11, { kind: "withdrawn", incident_id: "I1", reason: "diverted", incident_state: "waiting" });
  assert.deepEqual([picture.apply(away), picture.apply(away)], [true, false]);
  assert.equal(picture.incidents.get("I1")?.diversions, 1);
});

test("a new log starts its own count", () => {
  const picture = loaded();
  assert.equal(picture.apply({ ...sent, log: "M", offset: 3 }), true);
});

test("sent, taken back, waiting again: the engineer is free and the dot stops", () => {
  const picture = loaded();
  picture.apply(sent);
  assert.equal(picture.engineers.get("E1")?.incident_id, "I1");
  assert.ok(picture.journeys.has("E1"));
  picture.apply(decision(12, {
    kind: "withdrawn", incident_id: "I1", engineer_id: "E1", reason: "declined", incident_state: "waiting", engineer_state: "available",
  }));
  assert.equal(picture.engineers.get("E1")?.incident_id, null);
  assert.equal(picture.incidents.get("I1")?.engineer_id, null);
  assert.equal(picture.journeys.has("E1"), false);
});

test("an incident that nobody knew appears with its first decision", () => {
  const picture = loaded();
  picture.apply(decision(11, {
    incident_id: "I2", incident_state: "waiting", tier: "platinum", product: "power", level: 3,
    place: { lat: 1, lon: 2 }, reported_at: minutes(0), promised_at: minutes(60),
  }));
  assert.equal(picture.incidents.get("I2")?.tier, "platinum");
});

test("arrival uses the phone's own time where it is known", () => {
  const picture = loaded();
  picture.apply(sent);
  picture.apply(decision(12, { kind: "on_site", incident_id: "I1", engineer_id: "E1", incident_state: "on_site", occurred_at: minutes(5) }));
  assert.equal(picture.incidents.get("I1")?.on_site_at, minutes(5));
});

test("off shift nobody has a position", () => {
  const picture = loaded();
  picture.apply(decision(11, { kind: "engineer_changed", engineer_id: "E1", engineer_state: "off_shift" }));
  assert.equal(picture.engineers.get("E1")?.place, null);
});

test("what ended more than an hour ago leaves the board, the open stays", () => {
  const picture = new Picture();
  picture.load(view({ incidents: [incident(), incident({ incident_id: "old", state: "resolved", resolved_at: minutes(-61) })] }));
  picture.prune(NOW);
  assert.deepEqual([...picture.incidents.keys()], ["I1"]);
});

test("urgency: broken and nobody sent, broken and under way, waiting by what is left and its worth, on site last", () => {
  const all = [
    incident({ incident_id: "onSite", state: "on_site", promised_at: minutes(-5) }),
    incident({ incident_id: "calm" }),
    incident({ incident_id: "platinum", tier: "platinum" }),
    incident({ incident_id: "going", state: "en_route", promised_at: minutes(-50) }),
    incident({ incident_id: "broken", promised_at: minutes(-1) }),
    incident({ incident_id: "dearer", promised_at: minutes(-1), tier: "platinum" }),
    incident({ incident_id: "soon", promised_at: minutes(2), tier: "silver" }),
  ];
  const order = all.sort((a, b) => urgency(a, NOW) - urgency(b, NOW)).map((one) => one.incident_id);
  assert.deepEqual(order, ["dearer", "broken", "going", "soon", "platinum", "calm", "onSite"]);
});

test("a broken promise counts as broken beside its state, until somebody is there", () => {
  const late = { promised_at: minutes(-1) };
  assert.deepEqual(groupsOf(incident(late), NOW), ["broken", "waiting"]);
  assert.deepEqual(groupsOf(incident({ ...late, state: "on_site" }), NOW), ["onSite"]);
});

test("curves sum tiers and regions by window, leave out the unfinished one and draw silence as zero", () => {
  const windows = [
    kpi(-60, { reported: 2 }), kpi(-60, { tier: "silver", reported: 3, late: 1 }),
    kpi(-45, { reported: 1 }), kpi(-15, { reported: 4 }), kpi(0, { reported: 99 }),
  ];
  const curves = curvesOf(windows, () => true, NOW);
  assert.deepEqual(curves.reported, [5, 1, 0, 4]);
  assert.deepEqual(curves.late, [1, 0, 0, 0]);
  assert.equal(curves.window_min, 15);
});

test("the first minutes show the window that is still open", () => {
  assert.deepEqual(curvesOf([kpi(-5, { reported: 7 })], () => true, NOW).reported, [7]);
});

/** As the gateway writes it: what is null is left out, a list's timeline too. */
const sparse = <T>(whole: T): T =>
  JSON.parse(JSON.stringify(whole, (key, value) => (value === null || key === "timeline" ? undefined : value))) as T;

test("what the gateway leaves out is null again, not undefined", () => {
  assert.deepEqual(incidentFrom(sparse(incident())), incident());
  assert.deepEqual(decisionFrom(sparse(sent)), sent);
  assert.deepEqual(boardFrom(sparse(view()) as unknown as SparseBoard), view());
});

test("a crew is whole with its last assignment, and gone with the first withdrawal", () => {
  const picture = loaded();
  picture.apply(decision(11, { kind: "queued", incident_id: "C", tier: "gold", product: "core", crew: 2, place: { lat: 38, lon: -9 }, reported_at: minutes(0), promised_at: minutes(60) }));
  for (const [n, id] of ["E1", "E2"].entries())
    picture.apply(decision(12, { n, kind: "assigned", incident_id: "C", engineer_id: id, epoch: 1, crew: 2, incident_state: "assigned" }));
  assert.deepEqual(picture.incidents.get("C")?.crew_ids, ["E1", "E2"]);
  picture.apply(decision(13, { kind: "withdrawn", incident_id: "C", engineer_id: "E2", epoch: 1, reason: "declined", incident_state: "waiting" }));
  assert.deepEqual(picture.incidents.get("C")?.crew_ids, []);
});

test("a suggestion stands until it is withdrawn or somebody is sent", () => {
  const picture = loaded();
  const suggested = (): string[] | undefined => picture.incidents.get("I1")?.suggested;
  picture.apply(decision(11, { kind: "suggested", incident_id: "I1", engineer_id: "E1", mode: "suggest" }));
  assert.deepEqual(suggested(), ["E1"]);
  picture.apply(decision(12, { kind: "suggestion_withdrawn", incident_id: "I1" }));
  assert.deepEqual(suggested(), []);
  picture.apply(decision(13, { kind: "suggested", incident_id: "I1", engineer_id: "E2", mode: "suggest" }));
  picture.apply(decision(14, { kind: "assigned", incident_id: "I1", engineer_id: "E2", epoch: 1 }));
  assert.deepEqual(suggested(), []);
});

test("an engineer goes to a post on the map, and work takes them from it", () => {
  const picture = loaded();
  const post = { lat: 38.9, lon: -9.3 };
  const { place } = engineer();
  picture.apply(decision(11, { kind: "posted", engineer_id: "E1", place: post, from_place: place, arrives_at: minutes(20) }));
  assert.deepEqual(picture.engineers.get("E1")?.post, post);
  assert.deepEqual(picture.journeys.get("E1")?.to, post);
  picture.apply({ ...sent, offset: 12 });
  assert.equal(picture.engineers.get("E1")?.post, null);
  assert.deepEqual(picture.journeys.get("E1")?.to, sent.place);
});

test("a region's modes follow the decision, and so do its open incidents", () => {
  const picture = loaded();
  picture.apply(decision(11, { kind: "modes_set", modes: { gold: "suggest" } }));
  picture.apply(decision(12, { kind: "modes_set", modes: { silver: "shadow" } }));
  assert.deepEqual(picture.regions.get("R1")?.modes, { gold: "suggest", silver: "shadow" });
  assert.equal(picture.incidents.get("I1")?.mode, "suggest");
});

test("who of a crew is on site is counted as they report it", () => {
  const picture = loaded();
  const both = { kind: "assigned", incident_id: "I1", epoch: 1, incident_state: "assigned", crew: 2 } as const;
  picture.incidents.get("I1")!.crew = 2;
  picture.apply(decision(11, { ...both, engineer_id: "E1" }));
  picture.apply(decision(11, { ...both, engineer_id: "E2", n: 1 }));
  picture.apply(decision(12, { kind: "crew_reported", incident_id: "I1", engineer_id: "E2", reason: "on_site" }));
  assert.equal(crewText(picture.incidents.get("I1")!), "E1, E2 ✓ · 1 of 2 there");
  picture.apply(decision(13, { kind: "withdrawn", incident_id: "I1", engineer_id: "E1", incident_state: "waiting" }));
  assert.equal(crewText(picture.incidents.get("I1")!), "0 of 2 there");
});

test("a swarm is raised, led and over, and its places say what they are of", () => {
  const picture = loaded();
  picture.apply(decision(12, { kind: "swarm_raised", incident_id: "I1", crew: 4, by: "d-1", detail: "it burns" }));
  picture.apply(decision(13, { kind: "swarm_led", incident_id: "I1", lead_id: "E1", engineer_id: "E1" }));
  const place = { tier: "gold", product: "core", place: { lat: 38.7, lon: -9.1 }, reported_at: minutes(0), promised_at: minutes(110) } as const;
  picture.apply(decision(14, { kind: "queued", incident_id: "I1.swarm-12-1", swarm_of: "I1", ...place }));
  assert.deepEqual([picture.incidents.get("I1")?.swarm?.crew, picture.incidents.get("I1")?.swarm?.lead_id], [4, "E1"]);
  assert.equal(picture.incidents.get("I1.swarm-12-1")?.swarm_of, "I1");
  picture.apply(decision(15, { kind: "swarm_ended", incident_id: "I1", reason: "restored" }));
  assert.equal(picture.incidents.get("I1")?.swarm, null);
});

test("a site waits for its root until it is back, and again where it was not", () => {
  const picture = loaded();
  picture.apply(decision(12, { kind: "site_waits", incident_id: "I1", waits_for: "ROOT", cause_id: "C1" }));
  assert.equal(picture.incidents.get("I1")?.waits_for, "ROOT");
  picture.apply(decision(13, { kind: "restored", incident_id: "I1", incident_state: "restored", reason: "cause_restored" }));
  picture.apply(decision(13, { n: 1, kind: "resolved", incident_id: "I1", incident_state: "resolved", reason: "cause_restored" }));
  assert.equal(picture.incidents.get("I1")?.waits_for, null);
  picture.apply(decision(14, { kind: "queued", incident_id: "I1", incident_state: "waiting", reason: "still_down" }));
  assert.deepEqual([picture.incidents.get("I1")?.state, picture.incidents.get("I1")?.restored_at], ["waiting", null]);
});
