/** Weights as shares of a whole. */

/** Weights as parts of one; no weight at all is no share. */
export function sharesOf(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + Math.max(0, weight), 0);
  return weights.map((weight) => (total > 0 ? Math.max(0, weight) / total : 0));
}

/** "70%", "0.5%": a share that is not nothing never reads as nothing. */
export function shareWord(share: number): string {
  const size = share * 100;
  if (size === 0 || size >= 10) {
    const rounded = Math.round(size);
    return `${rounded === 100 && share < 1 ? ">99" : rounded}%`;
  }
  return size < 0.1 ? "<0.1%" : `${Number(size.toFixed(1))}%`;
}
