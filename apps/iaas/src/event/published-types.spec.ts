import type { OperationEvent } from '@strata/event-sourcing';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { FlavorEvent } from '../flavor/flavor.js';
import type { FleetEvent } from '../host/fleet.js';
import type { ImageEvent } from '../image/image.js';
import type { InstanceEvent } from '../instance/instance.js';
import type { NetworkEvent } from '../network/network.js';
import type { QuotaEvent } from '../quota/quota.js';

type Type = (
  OperationEvent | FlavorEvent | FleetEvent | ImageEvent | InstanceEvent | NetworkEvent | QuotaEvent
)['type'];

/** Every event of this service: one that is missing, or one too many, does not compile. */
const types: Readonly<Record<Type, true>> = {
  AddressAllocated: true,
  AddressReleased: true,
  FlavorCreated: true,
  FlavorDeleted: true,
  HostConnected: true,
  HostCordoned: true,
  HostLost: true,
  HostUncordoned: true,
  ImageBuildFailed: true,
  ImageBuildProgressed: true,
  ImageBuildRequested: true,
  ImageBuilt: true,
  ImageNotReady: true,
  ImageReady: true,
  ImageWanted: true,
  InstanceBootRequested: true,
  InstanceDeleted: true,
  InstanceDeletionRequested: true,
  InstanceDiskBuilt: true,
  InstanceDiskRequested: true,
  InstanceDrifted: true,
  InstanceFailed: true,
  InstanceGuestRemoved: true,
  InstanceObserved: true,
  InstancePauseRequested: true,
  InstancePlaced: true,
  InstancePowerReached: true,
  InstanceRebootRequested: true,
  InstanceRemovalRequested: true,
  InstanceRequested: true,
  InstanceResumeRequested: true,
  InstanceStartRequested: true,
  InstanceStopRequested: true,
  InstanceTaskAbandoned: true,
  InstanceTaskFailed: true,
  InstanceUnplaced: true,
  NetworkCreated: true,
  NetworkObserved: true,
  ProcessEnded: true,
  ProcessStarted: true,
  QuotaReleased: true,
  QuotaReserved: true,
  QuotaSet: true,
  StepFailed: true,
  StepProgressed: true,
  StepStarted: true,
  StepSucceeded: true,
  UndoFinished: true,
  UndoStarted: true,
};

const committed = (path: string): unknown => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, path))) folder = dirname(folder);
  return JSON.parse(readFileSync(join(folder, path), 'utf8'));
};

describe('the events of this service', () => {
  it('are all in the AsyncAPI document, and it has no other', () => {
    const { components } = z
      .object({ components: z.object({ messages: z.record(z.string(), z.unknown()) }) })
      .parse(committed('libs/contracts/spec/asyncapi.json'));
    expect(Object.keys(components.messages).toSorted()).toEqual(Object.keys(types).toSorted());
  });
});
