import { activity } from './activity.js';
import type { Endpoint } from './endpoint.js';
import { events } from './event.js';
import { instances } from './iaas/instance.js';
import { flavors, hosts, images, networks, pools, quotas, volumes } from './iaas/resources.js';
import { settings } from './iaas/settings.js';
import { keys } from './identity/key.js';
import { login } from './identity/login.js';
import { tenants } from './identity/tenant.js';
import { users } from './identity/user.js';
import { operations } from './operation.js';
import { logs } from './platform/log.js';
import { platform } from './platform/platform.js';

/** Every endpoint of the public API, by noun and verb. */
export const api = {
  instances,
  images,
  flavors,
  hosts,
  networks,
  volumes,
  pools,
  quotas,
  settings,
  operations,
  events,
  activity,
  tenants,
  users,
  keys,
  login,
  logs,
  platform,
} as const satisfies Record<string, Readonly<Record<string, Endpoint>>>;
