import type { Output } from '../io.js';

/**
 * What moves a reader's cursor, rings, retitles, copies, or turns the order of letters round. Names, notes and errors hold
 * other people's words, and none of these may do that to a terminal.
 */
const commands = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** A mark in the place of each. */
export const harmless = (text: string): string => text.replace(commands, '\ufffd');

/** The same text as a program reads it, which a terminal shows as letters: for JSON, and for YAML within double quotes. */
export const escaped = (text: string): string =>
  text.replace(commands, (letter) =>
    letter === '\n' ? letter : `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

export const isHarmless = (text: string): boolean => text.search(commands) < 0;

const ESCAPE = String.fromCharCode(0x1b);
const colour = new RegExp(`${ESCAPE}\\[[\\d;]*m`, 'gu');

/**
 * What a guest says: lines and colours for a terminal, everything as it is for whoever takes it elsewhere. A guest is not
 * the reader's own: it may not write to the clipboard, answer for the keyboard or overwrite what others have said.
 */
export const guestText = (text: string, { isTTY }: Output): string => {
  if (isTTY !== true) return text;
  const colours = text.match(colour) ?? [];
  const plain = text
    .split(colour)
    .map((part) => part.replace(commands, (it) => ('\n\r\t'.includes(it) ? it : '\ufffd')));
  return plain.map((part, at) => part + (colours[at] ?? '')).join('');
};
