// Rings of longitude and latitude as a path on the canvas.
import { screenX, screenY, type Camera } from "./projection";
import type { Pen } from "./signs";

export function tracePolygon(pen: Pen, camera: Camera, rings: [number, number][][]): void {
  pen.beginPath();
  for (const ring of rings) {
    ring.forEach(([lon, lat], i) => {
      const [x, y] = [screenX(camera, lon), screenY(camera, lat)];
      if (i === 0) pen.moveTo(x, y);
      else pen.lineTo(x, y);
    });
    pen.closePath();
  }
}
