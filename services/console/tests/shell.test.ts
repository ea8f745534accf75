import assert from "node:assert/strict";
import { test } from "node:test";
import { hear, logTime, phoneTime } from "../src/clock";
import { backoffMs } from "../src/live";
import { cluster } from "../src/map/clusters";
import { distanceM, fit, scaleBar, screenX, screenY, zoomAt } from "../src/map/projection";
import { EventStreamParser } from "../src/sse";
import { catalogues, chooseLanguage, setLanguage } from "../src/texts";
import { en, type Texts } from "../src/texts/en";
import { clockText, countdownText, durationText, nextClock } from "../src/time";

test("events are read whole however the pieces fall", () => {
  const body = 'retry: 1000\nid: 1\n\n: beat\n\nevent: decision\r\nid: 2\r\ndata: {"a":\ndata: 1}\n\nevent: clock\ndata: x\n\n';
  for (let size = 1; size < 12; size++) {
    const parser = new EventStreamParser();
    const events = [];
    for (let at = 0; at < body.length; at += size) events.push(...parser.push(body.slice(at, at + size)));
    assert.deepEqual(events, [
      { event: "decision", data: '{"a":\n1}', id: "2" },
      { event: "clock", data: "x", id: "2" },
    ]);
    assert.equal(parser.lastId, "2");
  }
});

test("an id before the first event is already a place to resume from", () => {
  const parser = new EventStreamParser("old");
  parser.push("id: new\n\n");
  assert.equal(parser.lastId, "new");
});

test("waits double up to a limit and are spread", () => {
  assert.ok(backoffMs(0, 0.5) < backoffMs(3, 0.5));
  assert.ok(backoffMs(1000, 1) <= 6500);
  assert.notEqual(backoffMs(2, 0), backoffMs(2, 1));
});

type Shape = { [key: string]: Shape | string };
const shape = (value: unknown): Shape | string =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shape(inner)]))
    : typeof value;

test("every catalogue has every text", () => {
  for (const texts of Object.values(catalogues)) {
    assert.deepEqual(shape(texts), shape(en));
    assert.equal(texts.job.declineReasons.length, en.job.declineReasons.length);
  }
});

test("a catalogue without a key does not compile", () => {
  const { job: _left, ...rest } = en;
  // @ts-expect-error the type names what is missing
  const lacking: Texts = rest;
  assert.ok(lacking);
});

test("the kept language wins, then the browser's first that there is, then English", () => {
  assert.equal(chooseLanguage("es", ["en-GB"]), "es");
  assert.equal(chooseLanguage(null, ["fr-FR", "es-AR", "en"]), "es");
  assert.equal(chooseLanguage("xx", ["fr"]), "en");
});

test("times stand in the region's zone, over a clock change too", () => {
  setLanguage("en");
  assert.equal(clockText(Date.parse("2026-03-29T00:30:00Z"), "Europe/Lisbon"), "00:30");
  assert.equal(clockText(Date.parse("2026-03-29T01:30:00Z"), "Europe/Lisbon"), "02:30");
});

test("durations and countdowns are short and do not say 60 minutes", () => {
  assert.equal(durationText(59.6 * 60_000), "1 h");
  assert.equal(durationText(125 * 60_000), "2 h 5 min");
  assert.equal(countdownText(-65_000), "01:05");
  assert.equal(countdownText(3_661_000), "1:01:01");
});

test("zooming keeps what is under the pointer where it is", () => {
  const camera = fit([{ lat: 38, lon: -10 }, { lat: 40, lon: -8 }], 800, 600, 40);
  assert.ok(camera);
  const place = { lat: 39.3, lon: -9.4 };
  const [x, y] = [screenX(camera, place.lon), screenY(camera, place.lat)];
  const near = zoomAt(camera, 3, x, y);
  assert.ok(Math.abs(screenX(near, place.lon) - x) < 1e-6 && Math.abs(screenY(near, place.lat) - y) < 1e-6);
});

test("the scale bar is a round length that fits", () => {
  const camera = fit([{ lat: 38, lon: -10 }, { lat: 40, lon: -8 }], 800, 600, 40);
  assert.ok(camera);
  const { metres, px } = scaleBar(camera, 120);
  assert.ok(px <= 120 && px > 40);
  assert.match(String(metres), /^[125]0*$/);
});

test("a degree of latitude is about 111 km", () => {
  assert.ok(Math.abs(distanceM({ lat: 0, lon: 0 }, { lat: 1, lon: 0 }) - 111_195) < 10);
});

test("clustering leaves no point out and is fast with 3,000", () => {
  const points = Array.from({ length: 3000 }, (_, i) => ({ x: (i * 37) % 900, y: (i * 91) % 600, item: i }));
  const before = process.cpuUsage();
  const { singles, clusters } = cluster(points, 46, 4);
  assert.ok(process.cpuUsage(before).user < 100_000, "microseconds of this process, whatever else the machine does");
  const items = [...singles.map((single) => single.item), ...clusters.flatMap((group) => group.items)];
  assert.deepEqual(items.sort((a, b) => a - b), points.map((point) => point.item));
});

test("the log's time never steps back and nothing makes it NaN", () => {
  hear({ now: "2026-03-02T10:00:00Z", clock: "feed" });
  hear({ now: null, clock: "feed" });
  hear({ now: "2026-03-02T09:00:00Z", clock: "feed" });
  hear({ now: "nonsense", clock: "feed" });
  assert.equal(logTime.value, Date.parse("2026-03-02T10:00:00Z"));
});

test("a phone's own time goes on from the log's at the wall's pace", () => {
  const ahead = phoneTime() - (logTime.value ?? 0);
  assert.ok(ahead >= 0 && ahead < 60_000);
});

test("the next time a zone's clocks show an hour, over a clock change too", () => {
  const before = Date.parse("2026-03-28T23:00:00Z");
  assert.equal(nextClock("00:30", "Europe/Lisbon", before), Date.parse("2026-03-29T00:30:00Z"));
  assert.equal(nextClock("09:00", "Europe/Lisbon", before), Date.parse("2026-03-29T08:00:00Z"));
  assert.equal(nextClock("22:00", "Europe/Lisbon", before), Date.parse("2026-03-29T21:00:00Z"));
  assert.equal(nextClock("25:00", "Europe/Lisbon", before), null);
});
