// The drawing tools: one row under the phone's picture, one column beside the expert's.
import { Icon, type IconName } from "../icons";
import { t } from "../texts";
import type { AssistClient } from "./client";
import { COLORS } from "./draw";
import { undo } from "./gestures";
import { PEN_COLORS, PEN_TOOLS, TOOL_KEYS, type Pen, type PenTool } from "./pen";

const ICONS: Record<PenTool, IconName> = {
  laser: "laser", arrow: "arrow", circle: "circle", rectangle: "rectangle", freehand: "freehand", text: "text", step: "step",
  eraser: "eraser",
};

export interface ToolbarProps {
  client: AssistClient;
  pen: Pen;
  mayClear: boolean;
  tools?: readonly PenTool[];
}

export function Toolbar({ client, pen, mayClear, tools = PEN_TOOLS }: ToolbarProps) {
  client.version.value;
  const words = t().assist;
  const still = client.fold.frozen;
  const next = (): void => {
    const at = PEN_COLORS.indexOf(pen.color.peek());
    pen.color.value = PEN_COLORS[(at + 1) % PEN_COLORS.length]!;
  };
  return (
    <div class="assist-tools" role="toolbar" aria-label={words.act.draw}>
      {tools.map((tool) => (
        <button
          type="button" key={tool} class="tool" data-tool={tool} aria-pressed={pen.tool.value === tool} aria-keyshortcuts={TOOL_KEYS[tool]}
          aria-label={words.tools[tool]} title={`${words.tools[tool]} (${TOOL_KEYS[tool].toUpperCase()})`}
          onClick={() => (pen.tool.value = tool)}
        >
          <Icon name={ICONS[tool]} size={20} />
        </button>
      ))}
      <button
        type="button" class="tool" data-do="color" onClick={next} title={`${words.act.color}: ${words.colors[pen.color.value]} (K)`}
        aria-label={`${words.act.color}: ${words.colors[pen.color.value]}`} aria-keyshortcuts="k"
      >
        <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
          <circle cx="10" cy="10" r="8" fill={COLORS[pen.color.value]} />
        </svg>
      </button>
      <button
        type="button" class="tool" data-do="undo" aria-label={words.act.undo} title={`${words.act.undo} (Ctrl+Z)`}
        aria-keyshortcuts="Control+z" onClick={() => undo(client, still)}
      >
        <Icon name="undo" size={20} />
      </button>
      {mayClear && (
        <button
          type="button" class="tool" data-do="clear" aria-label={words.act.clear} title={words.act.clear}
          onClick={() => client.ask(still === null ? { type: "clear" } : { type: "clear", still_id: still })}
        >
          <Icon name="bin" size={20} />
        </button>
      )}
    </div>
  );
}

/** Freeze, or back to the live picture. */
export const toggleFreeze = (client: AssistClient): void => {
  const { frozen, freeze_asked } = client.fold;
  client.ask({ type: frozen !== null || freeze_asked !== null ? "unfreeze" : "freeze" });
};

/** The keys of the tools, wherever on the page one is, but not while one writes or a sheet is open. */
export function toolKeys(client: AssistClient, pen: Pen): (event: KeyboardEvent) => void {
  return (event) => {
    const at = event.target as HTMLElement | null;
    if (event.altKey || at?.closest("input, textarea, select, dialog")) return;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (key === "z" && undo(client, client.fold.frozen)) event.preventDefault();
      return;
    }
    const tool = PEN_TOOLS.find((name) => TOOL_KEYS[name] === key);
    if (tool) pen.tool.value = tool;
    else if (key === "f") toggleFreeze(client);
    else if (key === "k") pen.color.value = PEN_COLORS[(PEN_COLORS.indexOf(pen.color.peek()) + 1) % PEN_COLORS.length]!;
    else if (event.key === "Escape") pen.tool.value = "laser";
    else return;
    event.preventDefault();
  };
}
