import type { Activity, Change } from '@strata/contracts';
import { api } from '@strata/contracts';
import type { View } from '../show/view.js';
import { cellOf } from '../show/view.js';
import { verb } from './endpoint-verb.js';
import { operationView } from './operation-view.js';
import type { Flag, Verb } from './verb.js';
import { id } from './verb.js';

const { list, undo } = api.activity;

/** As much as a screen shows; more has to be asked for. */
const USUAL = 20;

const said = ({ field, before, after }: Change): string => `${field}: ${cellOf(before)} → ${cellOf(after)}`;

/** The status is what people look for first; how many fields changed beside it, they look up. */
const summaryOf = (changes: readonly Change[]): string => {
  const [first, ...others] = changes.toSorted((a, b) => Number(b.field === 'status') - Number(a.field === 'status'));
  if (!first) return '';
  return others.length === 0 ? said(first) : `${said(first)} (+${others.length})`;
};

const who = { TIME: 'at', ACTOR: 'actor', WHAT: 'what', RESOURCE: 'resource.id', RESULT: 'result' };

const whatOf = ({ verb: asked, resource }: Activity): string => `${asked} ${resource.type}`;

const brief: View = {
  columns: { ...who, CHANGES: 'summary', UNDO: 'undo', REQUEST: 'id' },
  name: 'id',
  rows: (answer) => {
    const it = answer as Activity; // by contract
    const undoable = it.cannotUndo === null ? 'yes' : 'no';
    return [{ ...it, what: whatOf(it), summary: summaryOf(it.changes), undo: undoable }];
  },
};

const whole: View = {
  columns: { ...who, FIELD: 'field', BEFORE: 'before', AFTER: 'after', REQUEST: 'id' },
  name: 'id',
  rows: (answer) => {
    const it = answer as Activity; // as above
    const row = { ...it, what: whatOf(it) };
    return it.changes.length === 0 ? [row] : it.changes.map((change) => ({ ...row, ...change }));
  },
};

const flags: readonly Flag[] = [
  { spec: '--resource <id>', into: 'resource', text: 'only what was asked of this thing' },
  { spec: '--actor <id>', into: 'actor', text: 'only what was asked by this person' },
  { spec: '--diff', into: 'diff', means: true, text: 'a line for each field that changed' },
];

const listing = (view: View) => verb('activity', list, { view, flags });
const [inBrief, inFull] = [listing(brief), listing(whole)];

export const activityVerb: Verb = {
  ...inBrief,
  examples: ['strata activity --resource inst_01h455vb4pex5vsknk084sn02q --diff'],
  perform: (call) => {
    const { diff, ...given } = call.given;
    return (diff ? inFull : inBrief).perform({ ...call, given: { limit: USUAL, ...given } });
  },
};

export const undoVerb: Verb = verb('undo', undo, {
  view: operationView,
  takes: [id],
  examples: ['strata undo req_01h455vb4pex5vsknk084sn02q'],
});
