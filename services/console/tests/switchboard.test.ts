import assert from "node:assert/strict";
import { test } from "node:test";
import type { PartyView, SessionView } from "../src/assist/wire";
import { needOf, ranked, sinceOf, type Site } from "../src/switchboard/rank";
import { incident, minutes, NOW } from "./made";

const ana: PartyView = { party: "ana", role: "technician", present: true, level: "video" };
const eva: PartyView = { party: "eva", role: "expert", present: true, level: "video" };

const view = (session_id: string, over: Partial<SessionView> = {}): SessionView => ({
  session_id, incident_id: `I-${session_id}`, region: "R1", state: "open", seq: 3, opened_at: minutes(-5), parties: [ana],
  consent: "none", recording: false, ...over,
});
const site = (made: SessionView, about: Site["incident"] = null): Site => ({ view: made, incident: about });
const order = (...sites: Site[]): string => ranked(sites, NOW).map((one) => one.view.session_id).join(" ");

test("what a site needs: called, alone, a bad link, helped, away", () => {
  assert.equal(needOf(view("s", { help_asked_at: minutes(-1), parties: [ana, eva] })), "called");
  assert.equal(needOf(view("s")), "alone");
  assert.equal(needOf(view("s", { parties: [{ ...ana, level: "stills" }, eva] })), "badLink");
  assert.equal(needOf(view("s", { parties: [ana, { ...eva, level: "stills" }] })), "helped");
  assert.equal(needOf(view("s", { parties: [eva] })), "away");
});

test("who calls comes first, the longest call before all; then who waits alone, and who is away last", () => {
  const calls = [site(view("late", { help_asked_at: minutes(-1) })), site(view("early", { help_asked_at: minutes(-9) }))];
  const others = [site(view("away", { parties: [] })), site(view("helped", { parties: [ana, eva] })), site(view("alone"))];
  assert.equal(order(...others, ...calls), "early late alone helped away");
});

test("among the like the more urgent incident comes first, one that is not known last, then the older session", () => {
  const broken = site(view("broken"), incident({ promised_at: minutes(-20) }));
  const soon = site(view("soon"), incident({ promised_at: minutes(20), tier: "platinum" }));
  const unknown = [site(view("young", { opened_at: minutes(-1) })), site(view("old", { opened_at: minutes(-60) }))];
  assert.equal(order(...unknown, soon, broken), "broken soon old young");
});

test("a call's time counts from the call, else from the session's start", () => {
  assert.equal(sinceOf(view("s", { help_asked_at: minutes(-2) })), Date.parse(minutes(-2)));
  assert.equal(sinceOf(view("s")), Date.parse(minutes(-5)));
});
