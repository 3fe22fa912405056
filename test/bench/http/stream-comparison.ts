/** What clients received beside what they should have, counted over all of them. */
export type Comparison = Readonly<{
  delivered: number;
  missed: number;
  /** Received again. */
  repeated: number;
  /** Received behind one of a later position. */
  disordered: number;
}>;

/** Each client should have received at least these positions, each once and in this order. */
export const compare = (positions: readonly number[], received: readonly (readonly number[])[]): Comparison => {
  let [delivered, missed, repeated, disordered] = [0, 0, 0, 0];
  for (const own of received) {
    const distinct = new Set(own);
    delivered += own.length;
    missed += positions.filter((position) => !distinct.has(position)).length;
    repeated += own.length - distinct.size;
    disordered += own.filter((position, index) => position < (own[index - 1] ?? 0)).length;
  }
  return { delivered, missed, repeated, disordered };
};
