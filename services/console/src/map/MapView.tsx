// A map on a canvas: drag, wheel, pinch and keys move it; clicking picks what was clicked.
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../icons";
import { t } from "../texts";
import { paint, type Colours, type Hit } from "./paint";
import { fit, panBy, zoomAt, type Camera } from "./projection";
import { placesOf, type Scene } from "./scene";
import type { Place } from "../wire";

export type Picked = Exclude<Hit["kind"], "cluster">;

export interface MapProps {
  scene: () => Scene;
  label: string;
  /** Changes when everything should be shown again, as when another region is chosen. */
  fitKey: string;
  onPick?: (kind: Picked, id: string) => void;
  /** Set from outside to move to a place. */
  onReady?: (handle: MapHandle) => void;
  interactive?: boolean;
  /** How often what moves by itself is drawn; a map without journeys needs it seldom. */
  drawEveryMs?: number;
}

export interface MapHandle {
  show: (place: { lat: number; lon: number }) => void;
  /** Move so that all of these are seen. */
  showPlaces: (places: Place[]) => void;
}

const DRAW_EVERY_MS = 120;
const REACH_PX = 14;
const WHEEL_STEP = 1.0016;

class MapScreen implements MapHandle {
  private camera: Camera | null = null;
  private touched = false;
  private dirty = true;
  private lastDrawn = 0;
  private frame = 0;
  private hits: Hit[] = [];
  private colours: Colours;
  private readonly pointers = new Map<number, { x: number; y: number }>();
  private movedPx = 0;
  private readonly sizes: ResizeObserver;
  private readonly theme = matchMedia("(prefers-color-scheme: dark)");

  constructor(
    private readonly canvas: HTMLCanvasElement,
    public props: MapProps,
  ) {
    this.colours = readColours(canvas);
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(canvas);
    this.theme.addEventListener("change", this.recolour);
    this.frame = requestAnimationFrame(this.loop);
  }

  close(): void {
    cancelAnimationFrame(this.frame);
    this.sizes.disconnect();
    this.theme.removeEventListener("change", this.recolour);
  }

  readonly recolour = (): void => {
    this.colours = readColours(this.canvas);
    this.dirty = true;
  };

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const ratio = Math.min(2, devicePixelRatio || 1);
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    if (this.camera) this.camera = { ...this.camera, width, height };
    if (!this.touched) this.showAll();
    this.dirty = true;
  }

  private readonly loop = (time: number): void => {
    this.frame = requestAnimationFrame(this.loop);
    if (!this.dirty && time - this.lastDrawn < (this.props.drawEveryMs ?? DRAW_EVERY_MS)) return;
    this.draw(time);
  };

  private draw(time: number): void {
    if (!this.camera) this.showAll();
    const pen = this.canvas.getContext("2d", { alpha: false });
    if (pen && !this.camera) this.blank(pen);
    if (!pen || !this.camera || this.camera.width === 0) return;
    const ratio = this.canvas.width / this.camera.width;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.hits = paint(pen, this.camera, this.props.scene(), this.colours);
    this.dirty = false;
    this.lastDrawn = time;
  }

  /** Nothing has a place yet. */
  private blank(pen: CanvasRenderingContext2D): void {
    pen.fillStyle = this.colours.ground;
    pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  showAll(): void {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (width === 0) return;
    const margin = Math.min(44, width / 8);
    this.camera = fit(placesOf(this.props.scene()), width, height, margin) ?? this.camera;
    this.touched = false;
    this.dirty = true;
  }

  show(place: { lat: number; lon: number }): void {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const near = fit([place], width, height, 0);
    if (near) this.move({ ...near, scale: Math.max(this.camera?.scale ?? 0, 600_000) });
  }

  showPlaces(places: Place[]): void {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const camera = fit(places, width, height, Math.min(44, width / 8));
    if (camera) this.move(camera);
  }

  move(camera: Camera): void {
    this.camera = camera;
    this.touched = true;
    this.dirty = true;
  }

  zoom(factor: number): void {
    if (this.camera) this.move(zoomAt(this.camera, factor, this.camera.width / 2, this.camera.height / 2));
  }

  readonly onWheel = (event: WheelEvent): void => {
    if (!this.camera) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 33 : 1;
    this.move(zoomAt(this.camera, WHEEL_STEP ** (-event.deltaY * lines), event.offsetX, event.offsetY));
  };

  readonly onDown = (event: PointerEvent): void => {
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    if (this.pointers.size === 1) this.movedPx = 0;
  };

  readonly onMove = (event: PointerEvent): void => {
    const before = this.pointers.get(event.pointerId);
    if (!before || !this.camera) return;
    const now = { x: event.offsetX, y: event.offsetY };
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    const [dx, dy] = [now.x - before.x, now.y - before.y];
    this.movedPx += Math.abs(dx) + Math.abs(dy);
    this.pointers.set(event.pointerId, now);
    if (!other) {
      if (this.movedPx > 4) this.move(panBy(this.camera, dx, dy));
      return;
    }
    const spread = Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
    const zoomed = zoomAt(this.camera, spread, (now.x + other.x) / 2, (now.y + other.y) / 2);
    this.move(panBy(zoomed, dx / 2, dy / 2));
  };

  readonly onUp = (event: PointerEvent): void => {
    const held = this.pointers.delete(event.pointerId);
    if (held && this.movedPx <= 4 && this.pointers.size === 0) this.pick(event.offsetX, event.offsetY);
  };

  private pick(x: number, y: number): void {
    let best: Hit | null = null;
    let nearest = REACH_PX;
    for (const hit of this.hits) {
      const away = hit.kind === "region" ? onPlate(hit, x, y) : Math.hypot(hit.x - x, hit.y - y);
      if (away <= nearest) [best, nearest] = [hit, away];
    }
    if (!best) return;
    if (best.kind !== "cluster") this.props.onPick?.(best.kind, best.id);
    else if (this.camera) this.move(zoomAt(this.camera, 2.5, best.x, best.y));
  }

  readonly onKey = (event: KeyboardEvent): void => {
    const step: Record<string, () => void> = {
      ArrowLeft: () => this.camera && this.move(panBy(this.camera, 60, 0)),
      ArrowRight: () => this.camera && this.move(panBy(this.camera, -60, 0)),
      ArrowUp: () => this.camera && this.move(panBy(this.camera, 0, 60)),
      ArrowDown: () => this.camera && this.move(panBy(this.camera, 0, -60)),
      "+": () => this.zoom(1.5),
      "=": () => this.zoom(1.5),
      "-": () => this.zoom(1 / 1.5),
      "0": () => this.showAll(),
    };
    const act = step[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
}

/** A plate is hit anywhere on it, but what lies beside it under the finger is nearer. */
const onPlate = (plate: Extract<Hit, { kind: "region" }>, x: number, y: number): number =>
  Math.abs(plate.x - x) <= plate.reachX_px && Math.abs(plate.y - y) <= plate.reachY_px ? REACH_PX : Infinity;

function readColours(element: Element): Colours {
  const style = getComputedStyle(element);
  const of = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    ground: of("map-ground"), land: of("map-land"), border: of("map-border"), grid: of("map-grid"),
    label: of("muted"), text: of("text"), accent: of("accent"), good: of("good"), warn: of("warn"), bad: of("bad"),
    halo: of("map-halo"),
  };
}

export function MapView(props: MapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const screen = useRef<MapScreen | null>(null);
  const interactive = props.interactive ?? true;
  if (screen.current) screen.current.props = props;

  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const made = new MapScreen(element, props);
    screen.current = made;
    props.onReady?.(made);
    if (interactive) element.addEventListener("wheel", made.onWheel, { passive: false });
    return () => made.close();
  }, []);
  useEffect(() => screen.current?.showAll(), [props.fitKey]);

  const handlers = interactive
    ? {
        onPointerDown: (event: PointerEvent) => screen.current?.onDown(event),
        onPointerMove: (event: PointerEvent) => screen.current?.onMove(event),
        onPointerUp: (event: PointerEvent) => screen.current?.onUp(event),
        onPointerCancel: (event: PointerEvent) => screen.current?.onUp(event),
        onKeyDown: (event: KeyboardEvent) => screen.current?.onKey(event),
        tabIndex: 0,
      }
    : {};
  return (
    <div class="map">
      <canvas ref={canvas} class="map-canvas" role="img" aria-label={props.label} {...handlers} />
      {interactive && (
        <div class="map-buttons">
          <button type="button" class="square" aria-label={t().map.zoomIn} title={t().map.zoomIn} onClick={() => screen.current?.zoom(1.5)}>
            <Icon name="plus" />
          </button>
          <button type="button" class="square" aria-label={t().map.zoomOut} title={t().map.zoomOut} onClick={() => screen.current?.zoom(1 / 1.5)}>
            <Icon name="minus" />
          </button>
          <button type="button" class="square" aria-label={t().map.fit} title={t().map.fit} onClick={() => screen.current?.showAll()}>
            <Icon name="fit" />
          </button>
        </div>
      )}
    </div>
  );
}
