// Which frame is on the screen: its RTP timestamp for a mark's anchor, and when the last one came.
export class FrameClock {
  /** `metadata.rtpTimestamp` of the frame that is shown; null where the browser does not tell (the own camera). */
  rtp: number | null = null;
  shown = 0;
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
    this.handle = this.video.requestVideoFrameCallback((now, metadata) => {
      this.rtp = metadata.rtpTimestamp ?? null;
      this.lastAt = now;
      this.shown += 1;
      this.onFrame();
      this.next();
    });
  }
}
