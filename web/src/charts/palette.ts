/**
 * Colours of models. A provider gets one of eight hues, each of its models a shade of it. The choice
 * depends on the name alone; where two names want the same place the later seen takes the next free
 * one, and the browser remembers, so that a model keeps its colour on every page and visit.
 */

const HUES = 8;
const SHADES = 6;
const MEMORY = "quotah.colours";

export const OTHER_COLOR = "var(--cat-other)";

/** Hands out places 0 … size-1 by name. More names than places share them. */
export class Allocator {
  readonly #places: Map<string, number>;

  constructor(
    readonly size: number,
    taken: Record<string, number> = {},
  ) {
    this.#places = new Map(Object.entries(taken).filter(([, place]) => place >= 0 && place < size));
  }

  place(name: string): number {
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const wanted = (hash(name) >>> 0) % this.size;
    const used = new Set(this.#places.values());
    let free = wanted;
    while (used.has(free) && used.size < this.size) free = (free + 1) % this.size;
    this.#places.set(name, free);
    return free;
  }

  snapshot(): Record<string, number> {
    return Object.fromEntries(this.#places);
  }
}

/** FNV-1a from a start under which the names most often met want places of their own. */
const START = 147_743;

function hash(text: string): number {
  let value = START;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return value ^ (value >>> 15);
}

type Memory = { hues: Record<string, number>; shades: Record<string, Record<string, number>> };

class Palette {
  readonly #hues: Allocator;
  readonly #shades = new Map<string, Allocator>();

  constructor(memory: Memory) {
    this.#hues = new Allocator(HUES, memory.hues);
    for (const [provider, shades] of Object.entries(memory.shades)) {
      this.#shades.set(provider, new Allocator(SHADES, shades));
    }
  }

  color(provider: string, model: string): string {
    let shades = this.#shades.get(provider);
    if (!shades) {
      shades = new Allocator(SHADES);
      this.#shades.set(provider, shades);
    }
    const hue = this.#hues.place(provider) + 1;
    const shade = shades.place(model) + 1;
    const [light, turn] = [`calc(l + var(--shade-${shade}))`, `calc(h + var(--turn-${shade}))`];
    return `oklch(from var(--cat-${hue}) ${light} c ${turn})`;
  }

  memory(): Memory {
    const shades = [...this.#shades].map(([provider, each]) => [provider, each.snapshot()]);
    return { hues: this.#hues.snapshot(), shades: Object.fromEntries(shades) };
  }
}

let palette: Palette | null = null;

/** The colour of a model, as a CSS value. */
export function colorOf(provider: string | null, model: string | null): string {
  if (!model) return OTHER_COLOR;
  palette ??= new Palette(recall());
  const before = JSON.stringify(palette.memory());
  const color = palette.color(provider ?? "", model);
  const after = JSON.stringify(palette.memory());
  if (after !== before) remember(after);
  return color;
}

function recall(): Memory {
  try {
    const memory = JSON.parse(localStorage.getItem(MEMORY) ?? "null") as Memory | null;
    if (memory?.hues && memory.shades) return memory;
  } catch {
    // Nothing remembered, or storage is blocked.
  }
  return { hues: {}, shades: {} };
}

function remember(text: string): void {
  try {
    localStorage.setItem(MEMORY, text);
  } catch {
    // The colours then hold for this visit.
  }
}
