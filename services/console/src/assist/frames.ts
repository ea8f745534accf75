// Which frame is on the screen: its RTP timestamp for a mark's anchor, and when the last one came.
export class FrameClock {
  /** `metadata.rtpTimestamp` of the frame that is shown; null where the browser does not tell (the own camera). */
  rtp: number | null = null;
  shown = 0;
  /** By this device's clock. */
  lastAt: number | null = null;
  private handle: number | null = null;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly onFrame: () => void = () => undefined,
  ) {
    this.next();
  }

  stop(): void {
    if (this.handle !== null) this.video.cancelVideoFrameCallback(this.handle);
    this.handle = null;
  }

  private next(): void {
    if (!("requestVideoFrameCallback" in this.video)) return;
    this.handle = this.video.requestVideoFrameCallback((_, metadata) => {
      this.rtp = metadata.rtpTimestamp ?? null;
      this.lastAt = Date.now();
      this.shown += 1;
      this.onFrame();
      this.next();
    });
  }
}

/** Keeps the last frame on the screen while a connection is made anew. */
export class LastFrame {
  private video: HTMLVideoElement | null = null;
  private canvas: HTMLCanvasElement | null = null;

  attach(video: HTMLVideoElement, canvas: HTMLCanvasElement): void {
    [this.video, this.canvas] = [video, canvas];
  }

  get isHeld(): boolean {
    return this.canvas !== null && !this.canvas.hidden;
  }

  readonly hold = (): void => {
    const { video, canvas } = this;
    if (!video || !canvas || video.videoWidth === 0) return;
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    canvas.getContext("2d")?.drawImage(video, 0, 0);
    canvas.hidden = false;
  };

  readonly release = (): void => {
    if (this.canvas) this.canvas.hidden = true;
  };
}
