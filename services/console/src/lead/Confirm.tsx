// The second question before something that reaches people: the careful answer has the focus.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../texts";

interface Asked {
  question: string;
  yes: string;
  busy?: boolean;
  onYes: () => void;
  onNo: () => void;
  children?: ComponentChildren;
}

export function Confirm({ question, yes, busy = false, onYes, onNo, children }: Asked) {
  const back = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    back.current?.focus();
    return () => {
      if (before?.isConnected) before.focus();
    };
  }, []);
  return (
    <div
      class="confirm" role="alertdialog" aria-label={question}
      onKeyDown={(event) => event.key === "Escape" && (event.stopPropagation(), onNo())}
    >
      <p>{question}</p>
      {children}
      <p class="control-row">
        <button type="button" class="primary" disabled={busy} onClick={onYes}>{yes}</button>
        <button type="button" class="text-button" ref={back} onClick={onNo}>{t().control.back}</button>
      </p>
    </div>
  );
}
