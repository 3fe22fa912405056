/** What one look found, and what to do about it. */
export type Finding = Readonly<{ check: string; verdict: 'ok' | 'warn' | 'bad'; found: string; help: string | null }>;

export const ok = (check: string, found: string): Finding => ({ check, verdict: 'ok', found, help: null });
export const warn = (check: string, found: string, help: string): Finding => ({ check, verdict: 'warn', found, help });
export const bad = (check: string, found: string, help: string): Finding => ({ check, verdict: 'bad', found, help });
