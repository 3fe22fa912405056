/** Reads back what was written as a `T`. JSON carries no types: the assertion rests on who wrote the text. */
export const parsed = <T>(text: string): T => JSON.parse(text) as T;
