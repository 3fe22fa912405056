import type { EventStore, View } from '@strata/event-store';
import { keyView } from './key/key.view.js';
import type { KeyColumn, KeyRow } from './key/key.view.js';
import { tenantView } from './tenant/tenant.view.js';
import type { TenantRow } from './tenant/tenant.view.js';
import { userView } from './user/user.view.js';
import type { UserRow } from './user/user.view.js';

/** Every read model of this service. Each is a fold: deleting all of them costs time, never data. */
export class Views {
  private constructor(
    readonly tenants: View<TenantRow, 'name'>,
    readonly users: View<UserRow, 'userId' | 'createdAt'>,
    readonly keys: View<KeyRow, KeyColumn>,
  ) {}

  static async start(store: EventStore): Promise<Views> {
    return new Views(await store.view(tenantView), await store.view(userView), await store.view(keyView));
  }

  /** Shows what was just done. */
  async catchUp(): Promise<void> {
    await Promise.all([this.tenants, this.users, this.keys].map((view) => view.catchUp()));
  }
}
