// One client of one session: signalling, log, operations and media under one roof, as signals for a page.
import { batch, signal } from "@preact/signals";
import { newKey } from "../api";
import { SessionFold } from "./fold";
import { Door, type Wish } from "./join";
import { Operations, type NamedOperation } from "./operations";
import { Peer } from "./peer";
import { placesFor } from "./places";
import { Signalling } from "./signalling";
import { Stills, type StillPlace } from "./stills";
import type { Entry, IceServer, Joined, NodeMessage, Operation, PartyRole, PartyView, Point, PointAt, Pointed, Refusal } from "./wire";

const PUMP_EVERY_MS = 500;
const ANSWER_WITHIN_MS = 8000;
const POINT_EVERY_MS = 33;
const RESUME_EVERY_MS = 2000;

export interface ClientOptions extends Wish {
  /** What one comes as: decides what is offered. */
  as: PartyRole;
  /** False: no peer connection before `connectMedia`; log, marks and small stills over the WebSocket alone. */
  media?: boolean;
  camera?: () => MediaStreamTrack | null;
  microphone?: () => MediaStreamTrack | null;
  onBeforeChange?: () => void;
}

export interface Pointer {
  point: Point;
  at: number;
}

export class AssistClient {
  readonly fold = new SessionFold();
  /** Grows with everything that `fold`, the pointers and the waiting operations take in. */
  readonly version = signal(0);
  readonly me = signal<PartyView | null>(null);
  readonly parties = signal<readonly PartyView[]>([]);
  /** All that was missed has been heard. */
  readonly caughtUp = signal(false);
  readonly refusal = signal<Refusal | null>(null);
  readonly video = signal<MediaStreamTrack | null>(null);
  readonly sounds = signal<readonly MediaStreamTrack[]>([]);
  /** The newest small picture of the ladder's level `stills`, as an object URL. */
  readonly ladderStill = signal<{ url: string; at: number } | null>(null);
  /** Somebody looks at small pictures of this camera. */
  readonly glanced = signal(false);
  readonly pointers = new Map<string, Pointer>();
  readonly stills = new Stills();
  readonly peer: Peer;
  readonly operations: Operations;
  private readonly door: Door;
  private readonly signalling: Signalling;
  private readonly pumping: ReturnType<typeof setInterval>;
  private media: boolean;
  private iceServers: IceServer[] | null = null;
  private joined: Joined | null = null;
  private replaying = true;
  private offeredAt: number | null = null;
  private resumedAt = 0;
  private pointedAt = 0;
  private shown = new Map<number, string | null>();

  constructor(options: ClientOptions) {
    this.media = options.media ?? true;
    this.door = new Door(options);
    this.operations = new Operations((op) => this.say(op), newKey);
    this.peer = new Peer({
      role: options.as,
      camera: options.camera ?? (() => null),
      microphone: options.microphone ?? (() => null),
      offer: (sdp) => this.offer(sdp),
      onMessage: (text) => this.take(JSON.parse(text) as NodeMessage),
      onChannel: () => this.goOnOnChannel(),
      onTracks: (video, sounds) => batch(() => ([this.video.value, this.sounds.value] = [video, sounds])),
      onBeforeChange: options.onBeforeChange ?? (() => undefined),
    });
    this.signalling = new Signalling(this.door, {
      after: () => this.fold.seq,
      onMessage: (message) => this.take(message),
      onJoined: (joined) => (this.joined = joined),
      onGone: () => this.gone(),
    });
    this.pumping = setInterval(() => this.pump(), PUMP_EVERY_MS);
  }

  get link() {
    return this.signalling.link;
  }

  get session_id(): string | null {
    return this.door.session_id;
  }

  /** Where this client's stills are; null before it was greeted. */
  get place(): StillPlace | null {
    const { joined, door } = this;
    if (!joined || door.ticket === null) return null;
    return { node_url: joined.node_url, session_id: joined.session_id, ticket: door.ticket };
  }

  get isLeading(): boolean {
    return this.me.value !== null && this.fold.baton === this.me.value.party;
  }

  /** Ask for something; it is sent until it is done or refused. Null where too much waits already. */
  ask(operation: Operation): string | null {
    const op_id = this.operations.add(operation, Date.now());
    if (op_id === null) this.refusal.value = { type: "refused", reason: "too_many", detail: "" };
    this.changed();
    return op_id;
  }

  /** The laser pointer is here; more often than 30 times a second is left out. */
  point([x, y]: Point, rtp: number | null): void {
    const now = Date.now();
    if (now - this.pointedAt < POINT_EVERY_MS) return;
    this.pointedAt = now;
    const message: PointAt = { type: "point", x, y, ...(rtp !== null && { rtp }) };
    if (!this.peer.point(message)) this.signalling.send(message);
  }

  /** Offer what there is from now on: camera and microphone are there, or will not be; again where one came later. */
  connectMedia(): void {
    this.media = true;
    if (this.iceServers !== null) this.peer.start(this.iceServers);
  }

  retryNow(): void {
    this.signalling.retryNow();
  }

  /** Leave for good. */
  close(): void {
    clearInterval(this.pumping);
    this.peer.close();
    this.signalling.close();
    this.stills.close();
  }

  private changed(): void {
    this.version.value += 1;
  }

  private say(op: NamedOperation): boolean {
    return this.peer.send(op) || this.signalling.send(op);
  }

  private offer(sdp: string): boolean {
    if (!this.signalling.send({ type: "offer", sdp })) return false;
    this.offeredAt = Date.now();
    return true;
  }

  private gone(): void {
    this.iceServers = null;
    this.offeredAt = null;
    this.caughtUp.value = this.glanced.value = false;
  }

  private pump(): void {
    const now = Date.now();
    this.operations.pump(now);
    if (this.offeredAt !== null && now - this.offeredAt > ANSWER_WITHIN_MS) {
      this.offeredAt = null;
      this.signalling.startOver();
    }
  }

  /** From here on the reliable channel carries the log; what was on its way over the WebSocket may be missing. */
  private goOnOnChannel(): void {
    this.peer.send({ type: "resume", after: this.fold.seq });
    this.operations.startOver(Date.now());
  }

  private take(message: NodeMessage): void {
    switch (message.type) {
      case "welcome":
        return this.welcomed(message.you, message.session.parties, message.ice_servers);
      case "log":
        return this.logged(message.entry);
      case "caught_up":
        this.replaying = false;
        this.caughtUp.value = message.seq <= this.fold.seq;
        return this.caughtUp.value ? undefined : this.resume();
      case "done":
        this.operations.done(message.op_id, Date.now());
        return this.changed();
      case "refused":
        return this.refused(message);
      case "presence":
        return this.present(message.parties);
      case "pointed":
        return this.pointed(message);
      case "still":
        return void this.fetchLadderStill();
      case "glanced":
        this.glanced.value = message.on;
        return;
      case "answer":
        this.offeredAt = null;
        this.shown.clear();
        void this.peer.answered(message.sdp);
        return this.watch();
      case "media_lost":
        if (message.party === undefined && this.media) this.peer.restart();
        return;
      case "moved":
      case "pong":
        return; // the node closes the connection itself; a pong was heard by the watch over the silence
    }
  }

  private welcomed(you: PartyView, parties: PartyView[], iceServers: IceServer[]): void {
    batch(() => {
      this.me.value = you;
      this.parties.value = parties;
    });
    this.replaying = true;
    this.iceServers = iceServers;
    this.operations.startOver(Date.now());
    if (this.media) this.peer.start(iceServers);
  }

  private logged(entry: Entry): void {
    const taken = this.fold.apply(entry, Date.now(), this.replaying);
    if (taken === "gap") return this.resume();
    if (taken === "known") return;
    if (entry.op_id && entry.author === this.me.peek()?.party) this.operations.done(entry.op_id, Date.now());
    if (["joined", "left"].includes(entry.kind)) this.watch();
    this.changed();
  }

  private resume(): void {
    const now = Date.now();
    if (now - this.resumedAt < RESUME_EVERY_MS) return;
    this.resumedAt = now;
    const message = { type: "resume", after: this.fold.seq };
    if (!this.peer.send(message)) this.signalling.send(message);
  }

  private refused(message: Refusal): void {
    if (message.op_id === undefined) {
      if (this.offeredAt === null) return;
      this.offeredAt = null;
      return this.peer.restart(); // what was refused without a name was the offer
    }
    if (this.operations.refused(message, Date.now())) this.refusal.value = message;
    this.changed();
  }

  private present(parties: PartyView[]): void {
    const own = parties.find(({ party }) => party === this.me.peek()?.party);
    batch(() => {
      this.parties.value = parties;
      if (own) this.me.value = own;
    });
    this.watch();
  }

  private pointed({ party, x, y }: Pointed): void {
    this.pointers.set(party, { point: [x, y], at: Date.now() });
    this.changed();
  }

  private async fetchLadderStill(): Promise<void> {
    if (!this.place) return;
    this.stills.forget("ladder");
    const url = await this.stills.get(this.place, "ladder");
    if (url) this.ladderStill.value = { url, at: Date.now() };
  }

  /** Say whom each place of the offer shows, where that has changed: the technician first. */
  private watch(): void {
    if (!this.media || this.peer.connection === null || this.offeredAt !== null) return;
    const places = placesFor(this.fold, this.me.peek()?.party ?? "");
    for (const [place, party] of places.entries()) {
      if (this.shown.get(place) === party) continue;
      if (this.signalling.send({ type: "watch", place, party })) this.shown.set(place, party);
    }
  }
}
