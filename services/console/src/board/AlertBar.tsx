// What warns of the regions that the board shows.
import { logTime } from "../clock";
import { Warnings } from "../Warnings";
import { boardMap } from "./BoardMap";
import { isChosen, regions, zoneOf } from "./store";

export function AlertBar() {
  const shown = regions.value.filter(({ region }) => isChosen(region));
  return <Warnings regions={shown} zoneOf={zoneOf} nowMs={logTime.value ?? Date.now()} show={(places) => boardMap?.showPlaces(places)} />;
}
