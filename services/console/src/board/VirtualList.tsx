// A long list of which only the rows in sight are in the page; keys, arrows and screen readers see all of it.
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

export interface VirtualListProps<T> {
  items: readonly T[];
  keyOf: (item: T) => string;
  row: (item: T, index: number) => ComponentChildren;
  rowHeight_px: number;
  label: string;
}

const BEYOND = 6;

export function VirtualList<T>({ items, keyOf, row, rowHeight_px, label }: VirtualListProps<T>) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const sizes = new ResizeObserver(() => setHeight(element.clientHeight));
    sizes.observe(element);
    return () => sizes.disconnect();
  }, []);

  const onScroll = useCallback(() => {
    const at = Math.floor((box.current?.scrollTop ?? 0) / rowHeight_px) * rowHeight_px;
    setTop(at);
  }, [rowHeight_px]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    const element = box.current;
    const current = (event.target as HTMLElement).closest<HTMLElement>("[data-index]");
    if (step === undefined || !element || !current) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(items.length - 1, Number(current.dataset["index"]) + step));
    const y = index * rowHeight_px;
    if (y < element.scrollTop) element.scrollTop = y;
    else if (y + rowHeight_px > element.scrollTop + element.clientHeight)
      element.scrollTop = y + rowHeight_px - element.clientHeight;
    onScroll();
    requestAnimationFrame(() =>
      requestAnimationFrame(() => element.querySelector<HTMLElement>(`[data-index="${index}"] button`)?.focus()),
    );
  };

  const first = Math.max(0, Math.floor(top / rowHeight_px) - BEYOND);
  const last = Math.min(items.length, Math.ceil((top + height) / rowHeight_px) + BEYOND);
  return (
    <div class="virtual" ref={box} onScroll={onScroll} onKeyDown={onKeyDown}>
      <ul class="virtual-rows" aria-label={label} style={{ height: `${items.length * rowHeight_px}px` }}>
        {items.slice(first, last).map((item, i) => (
          <li
            key={keyOf(item)}
            data-index={first + i}
            aria-posinset={first + i + 1}
            aria-setsize={items.length}
            style={{ top: `${(first + i) * rowHeight_px}px`, height: `${rowHeight_px}px` }}
          >
            {row(item, first + i)}
          </li>
        ))}
      </ul>
    </div>
  );
}
