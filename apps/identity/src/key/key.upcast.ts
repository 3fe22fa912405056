import type { Upcasts } from '@strata/event-sourcing';
import { UNLIMITED } from './key.js';
import type { CreatedKey, KeyEvent } from './key.js';

type KeyOfFirstLight = Omit<CreatedKey, 'kind' | 'readOnly' | 'only' | 'expiresAt' | 'from'>;

/** 0.1.0 knew no sessions, no limits and no end. */
const withoutLimits = (created: KeyOfFirstLight): CreatedKey => ({ ...created, kind: 'key', ...UNLIMITED });

/** How events of keys are read that earlier releases wrote. */
export const keyUpcasts = { KeyCreated: [withoutLimits] } satisfies Upcasts<KeyEvent>;
