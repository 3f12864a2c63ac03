// The failover order of cameras as priorities. Pure.

interface Ranked {
  camera_id: string;
  priority: number;
}

/** `order` with `camera` at place `to`. */
export function moved<T extends Ranked>(order: readonly T[], camera: string, to: number): T[] {
  const rest = order.filter((other) => other.camera_id !== camera);
  const found = order.find((other) => other.camera_id === camera);
  return found ? [...rest.slice(0, to), found, ...rest.slice(to)] : [...order];
}

/** Gaps between priorities: room for cameras that come by the API. */
const STEP = 10;

/** The priorities that make `order` the failover order; only those that change. */
export function priorities(order: readonly Ranked[]): Ranked[] {
  return order
    .map(({ camera_id }, index) => ({ camera_id, priority: (index + 1) * STEP }))
    .filter(({ priority }, index) => order[index]?.priority !== priority);
}
