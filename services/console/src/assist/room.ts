// Everything of one visit to a session: client, devices, the last frame, the pen; ended together.
import { effect } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { session } from "../session";
import { AssistClient } from "./client";
import { Devices } from "./devices";
import { Duties } from "./duties";
import { LastFrame } from "./frames";
import { arrived, keep, keptOf } from "./kept";
import { Pen } from "./pen";
import type { PartyRole } from "./wire";

export interface Room {
  client: AssistClient;
  devices: Devices;
  /** The technician's alone. */
  duties: Duties | null;
  last: LastFrame;
  pen: Pen | null;
  video: { current: HTMLVideoElement | null };
}

/** A phone that goes dark takes the camera with it. */
async function stayAwake(isOver: () => boolean): Promise<void> {
  try {
    const lock = await navigator.wakeLock?.request("screen");
    if (isOver()) await lock?.release();
    else lock?.addEventListener("release", () => document.visibilityState === "visible" && !isOver() && void stayAwake(isOver));
  } catch {
    // a low battery forbids it
  }
}

function enter(session_id: string, as: PartyRole): { room: Room; leave: () => void } {
  const devices = new Devices();
  const last = new LastFrame();
  const here = arrived.peek()?.session_id === session_id ? arrived.peek() : null;
  arrived.value = null;
  const isGuest = session.peek().status !== "in";
  const { ticket } = keptOf(session_id);
  const client = new AssistClient({
    session_id, as, media: false,
    ...(isGuest ? { ...(ticket !== undefined && { ticket }) } : { role: as }),
    ...(here && { arrived: here }),
    camera: () => devices.camera.peek(),
    microphone: () => devices.microphone.peek(),
    onBeforeChange: last.hold,
  });
  const video = { current: null as HTMLVideoElement | null };
  const duties = as === "technician" ? new Duties(client, devices, () => video.current) : null;
  const pen = as === "observer" ? null : new Pen(as === "technician" ? "laser" : "arrow");
  const stop = effect(() => {
    if (client.me.value !== null && isGuest && client.place) keep(session_id, { as, ticket: client.place.ticket });
  });
  let isOver = false;
  if (as === "technician") void stayAwake(() => isOver);
  const ready = as === "observer" ? Promise.resolve() : devices.start(as === "technician");
  void ready.then(() => isOver || client.connectMedia());
  const leave = (): void => {
    isOver = true;
    stop();
    duties?.close();
    client.close();
    devices.close();
  };
  return { room: { client, devices, duties, last, pen, video }, leave };
}

/** The room of a session for as long as the page shows it. */
export function useRoom(session_id: string, as: PartyRole): Room | null {
  const [room, setRoom] = useState<Room | null>(null);
  useEffect(() => {
    const entered = enter(session_id, as);
    setRoom(entered.room);
    return () => {
      setRoom(null);
      entered.leave();
    };
  }, [session_id, as]);
  return room;
}
