// Reads a text/event-stream body piece by piece (WHATWG HTML, section 9.2.6).

export interface StreamEvent {
  event: string;
  data: string;
  /** The last id seen so far on the stream, also where this event carries none. */
  id: string;
}

/** A parser that keeps what is unfinished between pieces. */
export class EventStreamParser {
  lastId: string;
  private rest = "";
  private event = "";
  private lines: string[] = [];

  constructor(lastId = "") {
    this.lastId = lastId;
  }

  /** The events that this piece completes, in order. */
  push(piece: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    const text = this.rest + piece;
    // a piece may end between CR and LF: keep the CR until it is known what follows
    const held = text.endsWith("\r") ? "\r" : "";
    const lines = (held ? text.slice(0, -1) : text).split(/\r\n|\n|\r/);
    this.rest = (lines.pop() ?? "") + held;
    for (const line of lines) this.line(line, events);
    return events;
  }

  private line(line: string, events: StreamEvent[]): void {
    if (line === "") {
      if (this.lines.length > 0)
        events.push({ event: this.event || "message", data: this.lines.join("\n"), id: this.lastId });
      this.event = "";
      this.lines = [];
      return;
    }
    if (line.startsWith(":")) return;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.event = value;
    else if (field === "data") this.lines.push(value);
    else if (field === "id" && !value.includes("\0")) this.lastId = value;
  }
}
