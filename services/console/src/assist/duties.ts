// What the technician's page does by itself: upload the still that was asked for, and small ones on a bad link.
import { effect, signal } from "@preact/signals";
import type { AssistClient } from "./client";
import type { Devices } from "./devices";
import { stillFrom, takeGlance, takeSmall, takeStill } from "./photo";
import { upload } from "./stills";

const LADDER_EVERY_MS = 2000;
const GLANCE_EVERY_MS = 1000;
const AGAIN_AFTER_MS = 1000;
const WITHOUT_MEDIA_MS = 3000;

export class Duties {
  /** A picture is wanted, and there is no camera to take it: a person has to choose a photo. */
  readonly wantsPhoto = signal(false);
  private photo: Blob | null = null;
  private freezing: string | null = null;
  private readonly stop: () => void;
  private readonly timers: ReturnType<typeof setInterval>[];
  private withoutMediaSince: number | null = Date.now();
  private uploading = false;
  private closed = false;

  constructor(
    private readonly client: AssistClient,
    private readonly devices: Devices,
    private readonly preview: () => HTMLVideoElement | null,
  ) {
    this.stop = effect(() => {
      client.version.value;
      devices.camera.value;
      this.look();
    });
    this.timers = [
      setInterval(() => void (this.wantsSmall && this.sendSmall("ladder")), LADDER_EVERY_MS),
      setInterval(() => void (client.glanced.peek() && this.sendSmall("glance")), GLANCE_EVERY_MS),
    ];
  }

  close(): void {
    this.closed = true;
    this.stop();
    this.timers.forEach(clearInterval);
  }

  /** A photo that a person took or chose: it becomes the still that is asked for, or asks for one itself. */
  async choose(file: Blob): Promise<void> {
    this.photo = await stillFrom(file).catch(() => null);
    if (this.photo === null) return;
    if (this.client.fold.freeze_asked === null) this.client.ask({ type: "freeze" });
    this.look();
  }

  private look(): void {
    const wanted = this.client.fold.freeze_asked;
    this.wantsPhoto.value = wanted !== null && this.devices.camera.peek() === null && this.photo === null;
    if (wanted === null || wanted === this.freezing || this.wantsPhoto.peek()) return;
    this.freezing = wanted;
    void this.freeze(wanted).finally(() => (this.freezing = null));
  }

  private async freeze(still_id: string): Promise<void> {
    const [track, video] = [this.devices.camera.peek(), this.preview()];
    const picture = this.photo ?? (track && video ? await takeStill(track, video) : null);
    this.photo = null;
    if (picture === null) return void this.client.ask({ type: "unfreeze" });
    this.client.stills.keep(still_id, picture);
    while (!this.closed && this.client.fold.freeze_asked === still_id) {
      const { place } = this.client;
      const how = place ? await upload(place, still_id, picture) : "again";
      if (how !== "again") return;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS));
    }
  }

  /** Somebody's link bears stills and no video, or none of our video gets through at all. */
  private get wantsSmall(): boolean {
    const { client } = this;
    if (client.peer.state.peek() === "connected") this.withoutMediaSince = null;
    else this.withoutMediaSince ??= Date.now();
    const without = this.withoutMediaSince !== null && Date.now() - this.withoutMediaSince > WITHOUT_MEDIA_MS;
    const bad = client.parties.peek().some(({ present, level }) => present && level === "stills");
    return client.link.peek().status === "live" && (without || bad);
  }

  private async sendSmall(as: "ladder" | "glance"): Promise<void> {
    const [video, { place }] = [this.preview(), this.client];
    if (this.uploading || !place || !video || this.devices.camera.peek() === null) return;
    this.uploading = true;
    try {
      const picture = await (as === "ladder" ? takeSmall(video) : takeGlance(video));
      if (picture) await upload(place, as, picture);
    } finally {
      this.uploading = false;
    }
  }
}
