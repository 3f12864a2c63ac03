// Sizes of the live page, as they were tried in a mock-up. Pure.

/** Height of a tile's footer below its 16:9 picture. */
export const FOOTER = 48;
export const FOOTER_PHONE = 44;
/** At 8 the frames of neighbours touched. */
export const GAP = 12;

/** A tile may be this much narrower than the widest possible one for the sake of one more column. */
const WIDE_ENOUGH = 0.85;

export interface Grid {
  columns: number;
  tileWidth: number;
}

/** The most columns of 16:9 tiles whose width is nearly that of the best arrangement of `count` tiles in the box. */
export function arrange(width: number, height: number, count: number, footer = FOOTER): Grid {
  const tile = (columns: number) => {
    const rows = Math.ceil(count / columns);
    const byWidth = (width - GAP * (columns - 1)) / columns;
    const byHeight = (((height - GAP * (rows - 1)) / rows - footer) * 16) / 9;
    return Math.min(byWidth, byHeight);
  };
  const options = Array.from({ length: Math.max(1, count) }, (_, index) => index + 1);
  const best = Math.max(...options.map(tile));
  const columns = options.filter((option) => tile(option) >= WIDE_ENOUGH * best).at(-1) ?? 1;
  return { columns, tileWidth: Math.max(120, Math.floor(tile(columns))) };
}

/** Width of the rail with the monitors and the TAKE button. */
export function railWidth(viewport: number): number {
  return Math.round(Math.min(640, Math.max(320, viewport * 0.22)));
}
