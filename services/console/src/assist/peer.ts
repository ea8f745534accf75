// The media of one client: a peer connection with its two data channels, made anew whenever it is lost.
import { signal } from "@preact/signals";
import { PLACES } from "./places";
import type { IceServer, PartyRole } from "./wire";

const CONNECT_WITHIN_MS = 10_000;
const MISSED_FOR_MS = 1500;
const WAITS_MS = [0, 500, 2000, 5000, 10_000] as const;
const CAMERA_MAX_BPS = 1_500_000;

export type MediaState = "none" | "connecting" | "connected" | "lost";

export interface PeerOptions {
  role: PartyRole;
  camera: () => MediaStreamTrack | null;
  microphone: () => MediaStreamTrack | null;
  /** Hand an offer to the node; false where there is no way just now. */
  offer: (sdp: string) => boolean;
  onMessage: (text: string, channel: "ops" | "pointer") => void;
  /** The reliable channel is there. */
  onChannel: () => void;
  onTracks: (video: MediaStreamTrack | null, audio: MediaStreamTrack[]) => void;
  /** Before the picture is taken off an old connection: keep its last frame. */
  onBeforeChange: () => void;
}

/** Always offers; never negotiates twice on one connection. */
export class Peer {
  readonly state = signal<MediaState>("none");
  connection: RTCPeerConnection | null = null;
  private ops: RTCDataChannel | null = null;
  private pointer: RTCDataChannel | null = null;
  private iceServers: IceServer[] = [];
  private microphoneLine: RTCRtpTransceiver | null = null;
  private cameraLine: RTCRtpTransceiver | null = null;
  private tries = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(private readonly options: PeerOptions) {}

  /** Connect, or connect anew, soon; what was there is given up. */
  start(iceServers: IceServer[] = this.iceServers): void {
    this.iceServers = iceServers;
    this.tries = 0;
    void this.connect();
  }

  /** The connection is of no use any more: try again, later each time. */
  restart(): void {
    if (this.closed) return;
    this.drop();
    this.state.value = "lost";
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.connect(), WAITS_MS[Math.min(this.tries++, WAITS_MS.length - 1)]);
  }

  async answered(sdp: string): Promise<void> {
    if (this.connection?.signalingState !== "have-local-offer") return;
    try {
      await this.connection.setRemoteDescription({ type: "answer", sdp });
    } catch {
      this.restart(); // an answer to an offer that was replaced meanwhile
    }
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.drop();
    this.state.value = "none";
  }

  /** Send over the reliable channel; false where there is none. */
  send(message: object): boolean {
    if (this.ops?.readyState !== "open") return false;
    this.ops.send(JSON.stringify(message));
    return true;
  }

  /** Send over the lossy channel, unless something waits there already; false where there is none. */
  point(message: object): boolean {
    if (this.pointer?.readyState !== "open") return false;
    if (this.pointer.bufferedAmount === 0) this.pointer.send(JSON.stringify(message));
    return true;
  }

  /** Another microphone or camera takes the place of the one that is sent. */
  async replace(track: MediaStreamTrack): Promise<void> {
    await (track.kind === "audio" ? this.microphoneLine : this.cameraLine)?.sender.replaceTrack(track);
  }

  private drop(): void {
    if (this.connection === null) return;
    this.options.onBeforeChange();
    clearTimeout(this.timer);
    this.connection.onconnectionstatechange = null;
    this.connection.ontrack = null;
    this.connection.close();
    this.connection = this.ops = this.pointer = this.microphoneLine = this.cameraLine = null;
  }

  private async connect(): Promise<void> {
    if (this.closed) return;
    this.drop();
    this.state.value = "connecting";
    const connection = new RTCPeerConnection({ iceServers: this.iceServers, bundlePolicy: "max-bundle" });
    this.connection = connection;
    this.openChannels(connection);
    this.addLines(connection);
    connection.onconnectionstatechange = () => this.changed(connection);
    this.timer = setTimeout(() => connection.connectionState !== "connected" && this.restart(), CONNECT_WITHIN_MS);
    try {
      await connection.setLocalDescription();
    } catch {
      return; // closed meanwhile
    }
    const sdp = connection.localDescription?.sdp;
    if (this.connection === connection && sdp && !this.options.offer(sdp)) this.state.value = "lost";
  }

  private openChannels(connection: RTCPeerConnection): void {
    const ops = connection.createDataChannel("ops");
    const pointer = connection.createDataChannel("pointer", { ordered: false, maxRetransmits: 0 });
    ops.onopen = () => this.connection === connection && this.options.onChannel();
    ops.onmessage = ({ data }: MessageEvent<string>) => this.options.onMessage(data, "ops");
    pointer.onmessage = ({ data }: MessageEvent<string>) => this.options.onMessage(data, "pointer");
    [this.ops, this.pointer] = [ops, pointer];
  }

  /** One line to speak on, some more to hear the others; the camera, or a place for the technician's picture. */
  private addLines(connection: RTCPeerConnection): void {
    const { role, camera, microphone } = this.options;
    const tracks = new Map<string, MediaStreamTrack>();
    const video = camera();
    const own = connection.addTransceiver(microphone() ?? "audio", { direction: role === "observer" ? "recvonly" : "sendrecv" });
    this.microphoneLine = role === "observer" ? null : own;
    for (let place = 1; place < PLACES; place++) connection.addTransceiver("audio", { direction: "recvonly" });
    if (role !== "technician") connection.addTransceiver("video", { direction: "recvonly" });
    else if (video)
      this.cameraLine = connection.addTransceiver(video, { direction: "sendonly", sendEncodings: [{ maxBitrate: CAMERA_MAX_BPS }] });
    connection.ontrack = ({ track }) => {
      tracks.set(track.id, track);
      const all = [...tracks.values()];
      this.options.onTracks(all.find(({ kind }) => kind === "video") ?? null, all.filter(({ kind }) => kind === "audio"));
    };
  }

  private changed(connection: RTCPeerConnection): void {
    if (this.connection !== connection) return;
    if (connection.connectionState === "connected") {
      clearTimeout(this.timer);
      this.tries = 0;
      this.state.value = "connected";
    } else if (connection.connectionState === "failed") {
      this.restart();
    } else if (connection.connectionState === "disconnected") {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => connection.connectionState !== "connected" && this.restart(), MISSED_FOR_MS);
    }
  }
}
