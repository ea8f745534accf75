// The picture with its marks: the live one, the frozen one, or the last one that came.
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { t } from "../texts";
import type { AssistClient } from "./client";
import { FrameClock, type LastFrame } from "./frames";
import { toElement } from "./geometry";
import { Gestures } from "./gestures";
import { Painter, type Shown } from "./painter";
import type { Pen } from "./pen";
import type { Anchor, Point } from "./wire";

/** A small picture is shown where no frame of the video came for so long. */
const STALE_MS = 1500;
const FETCH_AGAIN_MS = 800;
const LOOK_EVERY_MS = 500;

export interface StageProps {
  client: AssistClient;
  track: MediaStreamTrack | null;
  /** The own camera's picture: there is no RTP time, and a still is shown before it has been uploaded. */
  isOwn?: boolean;
  pen: Pen | null;
  last: LastFrame;
  onVideo?: (video: HTMLVideoElement | null) => void;
  onShape?: (isUpright: boolean) => void;
}

/** The still that everybody looks at, fetched until it is there. */
function useStill(client: AssistClient, isOwn: boolean): { still_id: string; url: string } | null {
  client.version.value;
  client.stills.version.value;
  const { frozen, freeze_asked } = client.fold;
  const wanted = frozen ?? (isOwn ? freeze_asked : null);
  const url = wanted === null ? null : client.stills.urlOf(wanted);
  useEffect(() => {
    if (frozen === null) return;
    let isWanted = true;
    void (async () => {
      while (isWanted && client.stills.urlOf(frozen) === null) {
        if (client.place) await client.stills.get(client.place, frozen);
        await new Promise((resolve) => setTimeout(resolve, FETCH_AGAIN_MS));
      }
    })();
    return () => {
      isWanted = false;
    };
  }, [client, frozen]);
  return wanted !== null && url !== null ? { still_id: wanted, url } : null;
}

/** Whether the small pictures are newer than the video. */
function useLadder(client: AssistClient, frames: { current: FrameClock | null }, isOwn: boolean): string | null {
  const [isStale, setStale] = useState(false);
  useEffect(() => {
    if (isOwn) return;
    const timer = setInterval(() => setStale(Date.now() - (frames.current?.lastAt ?? 0) > STALE_MS), LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [isOwn]);
  const still = client.ladderStill.value;
  return !isOwn && isStale && still && still.at > (frames.current?.lastAt ?? 0) ? still.url : null;
}

function MarkList({ client, painter }: { client: AssistClient; painter: Painter | null }) {
  const seqs = painter?.marks.value ?? [];
  return (
    <ul class="visually-hidden" aria-live="polite" aria-label={t().assist.stage.marks(seqs.length)}>
      {seqs.map((seq) => {
        const kept = client.fold.marks.get(seq);
        return kept && (
          <li key={seq} data-mark={seq} data-tool={kept.mark.tool}>
            {kept.author}: {t().assist.tools[kept.mark.tool]} {kept.mark.text ?? kept.mark.number ?? ""}
          </li>
        );
      })}
    </ul>
  );
}

function TextAt({ at, onSet, onClose }: { at: [number, number]; onSet: (text: string) => void; onClose: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  return (
    <form
      class="text-at"
      style={{ left: `${at[0]}px`, top: `${at[1]}px` }}
      onSubmit={(event) => {
        event.preventDefault();
        const text = input.current?.value.trim();
        if (text) onSet(text);
        onClose();
      }}
    >
      <input
        ref={input} maxLength={280} placeholder={t().assist.stage.textPlaceholder} aria-label={t().assist.stage.textPlaceholder}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === "Escape") onClose();
        }}
      />
      <button type="submit" class="primary">{t().assist.stage.textSet}</button>
    </form>
  );
}

export function Stage({ client, track, isOwn = false, pen, last, onVideo, onShape }: StageProps) {
  const video = useRef<HTMLVideoElement>(null);
  const held = useRef<HTMLCanvasElement>(null);
  const image = useRef<HTMLImageElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const frames = useRef<FrameClock | null>(null);
  const [painter, setPainter] = useState<Painter | null>(null);
  const hasPicture = useSignal(false);
  const textAt = useSignal<{ point: Point; anchor: Anchor } | null>(null);
  const still = useStill(client, isOwn);
  const ladder = useLadder(client, frames, isOwn);
  const showing = useRef<Shown>({ width: 0, height: 0, still_id: null });
  const url = still?.url ?? ladder;

  const measure = (): void => {
    const [shownVideo, shownImage, hold] = [video.current, image.current, held.current];
    if (!shownVideo || !shownImage || !hold) return; // the page has gone meanwhile
    const source = url !== null ? [shownImage.naturalWidth, shownImage.naturalHeight]
      : last.isHeld ? [hold.width, hold.height]
      : [shownVideo.videoWidth, shownVideo.videoHeight];
    showing.current = { width: source[0]!, height: source[1]!, still_id: still?.still_id ?? null };
    if (source[0]! > 0) onShape?.(source[1]! > source[0]!);
    painter?.request();
  };
  const measured = useRef(measure);
  measured.current = measure;

  useEffect(() => {
    last.attach(video.current!, held.current!);
    onVideo?.(video.current);
    const made = new Painter(client, canvas.current!, pen, () => showing.current);
    const clock = new FrameClock(video.current!, () => {
      if (last.isHeld) last.release();
      hasPicture.value = true;
    });
    frames.current = clock;
    setPainter(made);
    const resized = new ResizeObserver(() => measured.current());
    resized.observe(canvas.current!);
    const stop = client.version.subscribe(() => made.request());
    return () => {
      stop();
      resized.disconnect();
      clock.stop();
      made.stop();
      onVideo?.(null);
    };
  }, [client]);
  useEffect(() => {
    if (track && video.current) video.current.srcObject = new MediaStream([track]);
  }, [track]);
  useEffect(() => measured.current(), [url, painter]);

  const gestures = useMemo(
    () =>
      painter && pen
        ? new Gestures({
            client, pen, painter, frames: () => (isOwn ? null : frames.current), still: () => showing.current.still_id,
            onText: (point, anchor) => (textAt.value = { point, anchor }),
          })
        : null,
    [client, painter, pen],
  );
  const isEmpty = useComputed(() => !hasPicture.value);
  const shown = still ? "still" : ladder !== null ? "ladder" : isEmpty.value ? "nothing" : "video";
  const at = textAt.value;
  return (
    <div class="stage" data-shown={shown} data-tool={pen?.tool.value}>
      <video ref={video} autoplay playsInline muted onResize={() => measured.current()} onLoadedMetadata={() => measured.current()} />
      <canvas ref={held} class="stage-held" hidden />
      <img ref={image} class="stage-still" alt="" hidden={url === null} {...(url !== null && { src: url })} onLoad={() => measured.current()} />
      <canvas
        ref={canvas} class="stage-marks" tabIndex={pen ? 0 : -1} role={pen ? "application" : "img"}
        aria-label={t().assist.stage.label}
        onPointerDown={gestures?.down} onPointerMove={gestures?.move} onPointerUp={gestures?.up} onPointerCancel={gestures?.cancel}
        onKeyDown={(event) => {
          if (event.key === "Escape") gestures?.cancel();
          else if (gestures?.key(event)) event.preventDefault();
        }}
      />
      <MarkList client={client} painter={painter} />
      {at && painter && gestures && pen && (
        <TextAt
          at={toElement(at.point, painter.box)} onSet={(text) => gestures.draw(pen.text(at.point, text), at.anchor)} onClose={() => (textAt.value = null)}
        />
      )}
    </div>
  );
}
