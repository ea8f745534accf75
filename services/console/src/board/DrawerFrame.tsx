// The frame of what opens over the board's right side: a title, a close button, Escape, and the focus given back.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../icons";
import { t } from "../texts";

interface Frame {
  title: string;
  mark?: ComponentChildren;
  close: () => void;
  /** Put the focus on the close button: for what was opened from the keyboard and stands elsewhere. */
  focus?: boolean;
  children: ComponentChildren;
}

export function DrawerFrame({ title, mark, close, focus = false, children }: Frame) {
  const closer = useRef<HTMLButtonElement>(null);
  const closing = useRef(close);
  closing.current = close;
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape") closing.current();
    };
    addEventListener("keydown", onKey);
    if (focus) closer.current?.focus();
    return () => {
      removeEventListener("keydown", onKey);
      if (before?.isConnected) before.focus();
    };
  }, []);
  return (
    <div class="drawer" role="dialog" aria-modal="false" aria-labelledby="drawer-title">
      <header class="drawer-head">
        {mark}
        <h2 id="drawer-title">{title}</h2>
        <button type="button" class="square" ref={closer} aria-label={t().common.close} title={t().common.close} onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </div>
  );
}
