// How strained a region is as a shape: an empty ring, a half disc, a full diamond with a bang; a question where nothing is known.
import type { Strain } from "./load";

const SHAPES: Record<Strain, string> = {
  calm: "M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3Z",
  strained: "M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3Z",
  overloaded: "M8 1.200 14.800 8 8 14.800 1.200 8z",
  unknown: "M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3Z",
};

export function StrainMark({ strain, size = 16 }: { strain: Strain; size?: number }) {
  return (
    <svg class={`strain-mark strain-${strain}`} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={SHAPES[strain]} />
      {strain === "strained" && <path class="filled" d="M8 3a5 5 0 0 0 0 10Z" />}
      {strain === "overloaded" && <path class="mark" d="M8 4.800v3.800M8 10.600v.6" />}
      {strain === "unknown" && <path class="mark" d="M6.600 6.700a1.500 1.500 0 1 1 2 1.500c-.5.200-.6.500-.6.900M8 10.900v.1" />}
    </svg>
  );
}
