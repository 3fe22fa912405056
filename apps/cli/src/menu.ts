import { activityVerb, undoVerb } from './nouns/activity.js';
import { event, whyVerb } from './nouns/event.js';
import { flavor } from './nouns/flavor.js';
import { host } from './nouns/host.js';
import { image } from './nouns/image.js';
import { instance } from './nouns/instance.js';
import { key } from './nouns/key.js';
import { log } from './nouns/log.js';
import { network } from './nouns/network.js';
import { operation } from './nouns/operation.js';
import { doctor, down, login, logout, status, up, whoami } from './nouns/platform.js';
import { quota } from './nouns/quota.js';
import { setting } from './nouns/setting.js';
import { tenant } from './nouns/tenant.js';
import { user } from './nouns/user.js';
import type { Noun, Verb } from './nouns/verb.js';
import { pool, volume } from './nouns/volume.js';

/** All that `strata` offers. */
export const nouns: readonly Noun[] = [
  ...[instance, image, flavor, host, network, volume, pool, quota, setting, operation, event, log],
  ...[tenant, user, key],
];
export const verbs: readonly Verb[] = [
  up,
  down,
  status,
  doctor,
  login,
  logout,
  whoami,
  activityVerb,
  undoVerb,
  whyVerb,
];
