// A fork for as long as a component is shown.
import { useEffect, useState } from "preact/hooks";
import { Fork } from "./fork";

export function useFork(): Fork {
  const [fork] = useState(() => new Fork());
  useEffect(() => () => fork.close(), []);
  return fork;
}
