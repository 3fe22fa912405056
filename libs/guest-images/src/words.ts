/** The words of a text, for lists and command lines that read better without quotes and commas. */
export const words = (text: string): string[] => text.trim().split(/\s+/);
