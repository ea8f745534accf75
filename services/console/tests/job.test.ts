import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox, type Deed } from "../src/job/outbox";
import { isBehind, nextStatus, project } from "../src/job/projection";
import { engineer, incident, NOW } from "./made";

class Memory {
  readonly kept = new Map<string, string>();
  getItem = (name: string): string | null => this.kept.get(name) ?? null;
  setItem(name: string, value: string): void {
    this.kept.set(name, value);
  }
}
let ids = 0;
const newId = (): string => `id-${++ids}`;
const status = (name: "accepted" | "en_route" | "on_site" | "declined", epoch = 1): Deed => ({
  type: "status", incident_id: "I1", epoch, status: name, reason: null, place: null,
});

test("what is done is numbered without a gap and survives a reload", () => {
  const memory = new Memory();
  const before = new Outbox(memory, "E1", newId);
  before.add(status("accepted"), NOW);
  before.add(status("en_route"), NOW + 1000);
  const after = new Outbox(memory, "E1", newId);
  assert.deepEqual(after.waiting.map((action) => action.device_seq), [1, 2]);
  assert.equal(after.waiting[0]?.device_id, before.waiting[0]?.device_id);
  assert.equal(after.add(status("on_site"), NOW).device_seq, 3);
});

test("each action has a key of its own, and a new phone a device of its own", () => {
  const first = new Outbox(new Memory(), "E1", newId);
  const second = new Outbox(new Memory(), "E1", newId);
  const [a, b] = [first.add(status("accepted"), NOW), first.add(status("accepted"), NOW)];
  assert.notEqual(a.key, b.key);
  assert.notEqual(second.add(status("accepted"), NOW).device_id, a.device_id);
});

test("two tabs of one phone share one numbering", () => {
  const memory = new Memory();
  const [one, two] = [new Outbox(memory, "E1", newId), new Outbox(memory, "E1", newId)];
  one.add(status("accepted"), NOW);
  assert.equal(two.add(status("en_route"), NOW).device_seq, 2);
  one.refresh();
  assert.equal(one.waiting.length, 2);
});

test("an answer against it moves an action from the queue to what must be seen, and nothing else forgets it", () => {
  const memory = new Memory();
  const outbox = new Outbox(memory, "E1", newId);
  const action = outbox.add(status("accepted"), NOW);
  outbox.refuse(action, "stale_epoch", "epoch 3");
  const later = new Outbox(memory, "E1", newId);
  assert.deepEqual([later.waiting.length, later.conflicts.length], [0, 1]);
  later.heard("L/R1/9/0", "I1", "stale_epoch", "epoch 3");
  assert.equal(later.conflicts.length, 1, "the stream tells the same once more");
  later.seen(action.key);
  assert.equal(later.conflicts.length, 0);
});

test("a contradiction that the stream tells first is shown once, with the action it belongs to", () => {
  const outbox = new Outbox(new Memory(), "E1", newId);
  const action = outbox.add(status("accepted"), NOW);
  outbox.heard("L/R1/9/0", "I1", "cancelled", "called off");
  outbox.refuse(action, "cancelled", "called off");
  assert.deepEqual(outbox.conflicts.map((conflict) => conflict.id), [action.key]);
});

test("a phone that can not store keeps the queue while the page lives, and says so", () => {
  const outbox = new Outbox({ getItem: () => null, setItem: () => { throw new Error("full"); } }, "E1", newId);
  outbox.add(status("accepted"), NOW);
  outbox.add(status("en_route"), NOW);
  assert.deepEqual([outbox.stored, outbox.waiting.length], [false, 2]);
});

test("an unreadable store is replaced under a new device id", () => {
  const memory = new Memory();
  memory.setItem("muster.outbox.E1", "{broken");
  assert.equal(new Outbox(memory, "E1", newId).add(status("accepted"), NOW).device_seq, 1);
});

const job = { engineer: engineer({ incident_id: "I1" }), incident: incident({ state: "assigned", epoch: 1, engineer_id: "E1" }) };
const acted = (...deeds: Deed[]) => {
  const outbox = new Outbox(new Memory(), "E1", newId);
  return deeds.map((deed) => outbox.add(deed, NOW));
};

test("what is not yet sent is shown as done, in order", () => {
  const shown = project(job, acted(status("accepted"), status("en_route"), status("on_site")));
  assert.deepEqual([shown.incident?.state, shown.engineer.state], ["on_site", "on_site"]);
  assert.equal(shown.incident?.on_site_at, new Date(NOW).toISOString());
});

test("an action for another epoch changes nothing that is shown", () => {
  assert.equal(project(job, acted(status("accepted", 7))).incident?.state, "assigned");
});

test("declined is gone from the page at once", () => {
  assert.equal(project(job, acted(status("declined"))).incident, null);
});

test("a read model behind the stream is not believed", () => {
  assert.equal(isBehind(incident({ state: "assigned", epoch: 1 }), incident({ state: "accepted", epoch: 1 })), true);
  assert.equal(isBehind(incident({ state: "assigned", epoch: 2 }), incident({ state: "accepted", epoch: 1 })), false);
});

test("the run of a job ends", () => {
  const run = [];
  for (let state: Parameters<typeof nextStatus>[0] = "assigned", next; (next = nextStatus(state)); state = next as typeof state) run.push(next);
  assert.deepEqual(run, ["accepted", "en_route", "on_site", "restored", "resolved"]);
});
