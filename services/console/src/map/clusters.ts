// Points that would cover each other become one sign with a count; nothing is left out; pure.

export interface OnScreen<T> {
  x: number;
  y: number;
  item: T;
}

export interface Cluster<T> {
  x: number;
  y: number;
  items: T[];
}

/** Group by grid cells, then join groups whose middles are closer than a cell; small groups stay single points. */
export function cluster<T>(
  points: readonly OnScreen<T>[],
  cell_px: number,
  least: number,
): { singles: OnScreen<T>[]; clusters: Cluster<T>[] } {
  const singles: OnScreen<T>[] = [];
  const clusters: Cluster<T>[] = [];
  for (const group of join(cells(points, cell_px), cell_px)) {
    if (group.points.length < least) singles.push(...group.points);
    else clusters.push({ x: group.x, y: group.y, items: group.points.map((point) => point.item) });
  }
  return { singles, clusters };
}

interface Group<T> {
  x: number;
  y: number;
  points: OnScreen<T>[];
}

function grouped<T>(points: OnScreen<T>[]): Group<T> {
  const x = points.reduce((sum, point) => sum + point.x, 0) / points.length;
  const y = points.reduce((sum, point) => sum + point.y, 0) / points.length;
  return { x, y, points };
}

function cells<T>(points: readonly OnScreen<T>[], cell_px: number): Group<T>[] {
  const found = new Map<number, OnScreen<T>[]>();
  for (const point of points) {
    // two cell numbers in one key: screens are far smaller than 65,536 cells
    const key = (Math.floor(point.x / cell_px) + 32_768) * 65_536 + Math.floor(point.y / cell_px) + 32_768;
    const cell = found.get(key);
    if (cell) cell.push(point);
    else found.set(key, [point]);
  }
  return [...found.values()].map(grouped);
}

/** Cells number a few hundred at most, so comparing each with the joined ones is cheap. */
function join<T>(groups: Group<T>[], apart_px: number): Group<T>[] {
  const joined: Group<T>[] = [];
  for (const group of groups.sort((a, b) => b.points.length - a.points.length)) {
    const near = joined.findIndex((other) => Math.hypot(other.x - group.x, other.y - group.y) < apart_px * 0.85);
    const other = joined[near];
    if (other) joined[near] = grouped([...other.points, ...group.points]);
    else joined.push(group);
  }
  return joined;
}
