// What came of the last command, in one place that keeps its height small where nothing did.
import { t } from "../texts";
import type { Said } from "./command";

export function SaidLine({ busy, said }: { busy: boolean; said: Said | null }) {
  return <p role="status" class={said && !busy ? `control-said ${said.tone}` : "control-said"}>{busy ? t().control.busy : said?.text}</p>;
}
