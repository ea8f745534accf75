// Pictures of the camera: one in full resolution to be frozen, small ones for a link that bears no video.
const STILL_MAX_BYTES = 8 * 1024 * 1024;
const LADDER_MAX_BYTES = 64 * 1024;
const LADDER_WIDTHS = [640, 480, 320] as const;
const LADDER_QUALITIES = [0.6, 0.4, 0.25] as const;
const GLANCE_WIDTH = 320;
const GLANCE_QUALITIES = [0.55, 0.3] as const;
const STILL_QUALITIES = [0.92, 0.8, 0.6] as const;
const PHOTO_WITHIN_MS = 3000;
const STILL_MAX_SIDE = 4096;

interface PhotoCapture {
  takePhoto: () => Promise<Blob>;
}
type PhotoCaptureMaker = new (track: MediaStreamTrack) => PhotoCapture;

/** The picture upright, as JPEG: what a camera writes beside it (the place, too) is left behind. */
async function drawn(source: ImageBitmapSource, widest: number, qualities: readonly number[], most: number): Promise<Blob | null> {
  const bitmap = await createImageBitmap(source);
  const scale = Math.min(1, widest / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale))];
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  for (const quality of qualities) {
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
    if (blob && blob.size <= most) return blob;
  }
  return null;
}

const late = (ms: number): Promise<never> => new Promise((_, reject) => setTimeout(() => reject(new Error("late")), ms));

/** A file that a person chose, or a photo of the camera, made fit to be a still. */
export const stillFrom = (source: ImageBitmapSource): Promise<Blob | null> =>
  drawn(source, STILL_MAX_SIDE, STILL_QUALITIES, STILL_MAX_BYTES);

/** The camera's photo where it gives one (full resolution), else the frame of the video that shows it. */
export async function takeStill(track: MediaStreamTrack, video: HTMLVideoElement): Promise<Blob | null> {
  const Capture = (globalThis as { ImageCapture?: PhotoCaptureMaker }).ImageCapture;
  if (Capture && track.readyState === "live") {
    try {
      return await stillFrom(await Promise.race([new Capture(track).takePhoto(), late(PHOTO_WITHIN_MS)]));
    } catch {
      // the camera gives no photo now: its video does
    }
  }
  return video.videoWidth > 0 ? stillFrom(video) : null;
}

/** One of many on somebody's wall of sites: a few KiB each second. */
export const takeGlance = (video: HTMLVideoElement): Promise<Blob | null> =>
  video.videoWidth === 0 ? Promise.resolve(null) : drawn(video, GLANCE_WIDTH, GLANCE_QUALITIES, LADDER_MAX_BYTES);

/** At most 64 KiB: as large and as good as that allows. */
export async function takeSmall(video: HTMLVideoElement): Promise<Blob | null> {
  if (video.videoWidth === 0) return null;
  for (const width of LADDER_WIDTHS) {
    const blob = await drawn(video, width, LADDER_QUALITIES, LADDER_MAX_BYTES);
    if (blob) return blob;
  }
  return null;
}
