// Camera and microphone of this device: asked for, switched off, and why one is not to be had.
import { batch, signal } from "@preact/signals";

export type Trouble = "insecure" | "refused" | "none" | "busy";
type Facing = "environment" | "user";

/** As the camera has it: a browser that cuts it to shape would show less than the photo of the same moment. */
const UNCUT = { resizeMode: { ideal: "none" } };
const VIDEO: MediaTrackConstraints = {
  width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 }, ...UNCUT,
};
const AUDIO: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

const TROUBLES: Record<string, Trouble> = {
  NotAllowedError: "refused", SecurityError: "refused", NotReadableError: "busy", AbortError: "busy",
};
const troubleOf = (error: unknown): Trouble => TROUBLES[(error as DOMException)?.name] ?? "none";

export class Devices {
  readonly camera = signal<MediaStreamTrack | null>(null);
  readonly microphone = signal<MediaStreamTrack | null>(null);
  /** Why there is no camera, or for who only speaks no microphone. */
  readonly trouble = signal<Trouble | null>(null);
  readonly isMuted = signal(false);
  readonly isLit = signal(false);
  private facing: Facing = "environment";
  private closed = false;

  /** Ask for what there is: both, else one of them. */
  async start(withCamera: boolean): Promise<void> {
    this.trouble.value = null;
    if (!globalThis.isSecureContext || !navigator.mediaDevices) {
      this.trouble.value = "insecure";
      return;
    }
    const video = withCamera && { ...VIDEO, facingMode: { ideal: this.facing } };
    const wishes: MediaStreamConstraints[] = video
      ? [{ video, audio: AUDIO }, { video }, { audio: AUDIO }]
      : [{ audio: AUDIO }];
    let first: unknown = null;
    for (const wish of wishes) {
      try {
        return this.take(await navigator.mediaDevices.getUserMedia(wish), withCamera ? first : null);
      } catch (error) {
        first ??= error;
      }
    }
    this.trouble.value = troubleOf(first);
  }

  /** The camera on the other side of the phone. */
  async turnAround(): Promise<MediaStreamTrack | null> {
    this.facing = this.facing === "environment" ? "user" : "environment";
    this.camera.peek()?.stop();
    try {
      const media = await navigator.mediaDevices.getUserMedia({ video: { ...VIDEO, facingMode: { ideal: this.facing } } });
      this.camera.value = media.getVideoTracks()[0] ?? null;
    } catch (error) {
      this.trouble.value = troubleOf(error);
    }
    return this.camera.peek();
  }

  get canLight(): boolean {
    return Boolean((this.camera.peek()?.getCapabilities?.() as { torch?: boolean } | undefined)?.torch);
  }

  async light(): Promise<void> {
    const on = !this.isLit.peek();
    await this.camera.peek()?.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] });
    this.isLit.value = on;
  }

  mute(muted: boolean): void {
    this.isMuted.value = muted;
    const track = this.microphone.peek();
    if (track) track.enabled = !muted;
  }

  close(): void {
    this.closed = true;
    this.camera.peek()?.stop();
    this.microphone.peek()?.stop();
  }

  private take(media: MediaStream, failed: unknown): void {
    if (this.closed) return media.getTracks().forEach((track) => track.stop());
    const [camera, microphone] = [media.getVideoTracks()[0] ?? null, media.getAudioTracks()[0] ?? null];
    batch(() => {
      this.camera.value = camera;
      this.microphone.value = microphone;
      if (failed !== null && camera === null) this.trouble.value = troubleOf(failed);
    });
    this.mute(this.isMuted.peek());
    camera?.addEventListener("ended", () => {
      if (this.camera.peek() !== camera) return;
      batch(() => ([this.camera.value, this.trouble.value] = [null, "busy"]));
    });
  }
}
