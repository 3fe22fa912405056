/**
 * The events that outsiders see, by what they are about: only ever added to. Their `data` grows only, too; whoever reads
 * it must expect properties that this list does not know.
 */
export const eventTypes = {
  instance: {
    InstanceRequested: 'Somebody asked for an instance',
    InstanceDiskRequested: 'A host was chosen and shall make its disk',
    InstanceDiskBuilt: 'Its disk is there',
    InstanceStartRequested: 'It shall run',
    InstanceStopRequested: 'It shall shut down',
    InstanceRebootRequested: 'It shall restart',
    InstancePauseRequested: 'It shall freeze',
    InstanceResumeRequested: 'It shall go on',
    InstanceObserved: 'Its host saw something new of it; `calls` are what the host asked of its hypervisor',
    InstancePowerReached: 'It is as it was asked to be',
    InstanceTaskFailed: 'What was asked could not be done',
    InstanceDrifted: 'Something happened to it that nobody asked for',
    InstanceDeletionRequested: 'It shall be deleted',
    InstanceRemovalRequested: 'Its host shall remove the guest and its disk',
    InstanceGuestRemoved: 'The guest and its disk are gone',
    InstanceFailed: 'It could not be made',
    InstanceTaskAbandoned: 'What was asked of it is no longer pursued',
    InstanceDeleted: 'It is gone',
  },
  image: {
    ImageBuildRequested: 'It shall be built from its recipe',
    ImageWanted: 'Somebody waits for it',
    ImageBuildProgressed: 'The build has come further',
    ImageBuilt: 'It is built',
    ImageBuildFailed: 'It could not be built',
    ImageReady: 'It is there for the one who waits',
    ImageNotReady: 'It will not be there for the one who waits',
  },
  flavor: { FlavorCreated: 'It is offered', FlavorDeleted: 'It is no longer offered' },
  host: {
    HostConnected: 'It is there, and what it has',
    HostCordoned: 'Nothing new is placed on it',
    HostUncordoned: 'New instances are placed on it again',
    InstancePlaced: 'An instance has a place on it',
    InstanceUnplaced: 'The place is free again',
  },
  network: {
    NetworkCreated: 'It is there',
    NetworkObserved: 'A host saw something new of it',
    AddressAllocated: 'An instance has an address in it',
    AddressReleased: 'The address is free again',
  },
  quota: {
    QuotaReserved: 'A part of it is taken',
    QuotaReleased: 'The part is free again',
    QuotaSet: 'Its limits are set',
  },
  operation: {
    ProcessStarted: 'It has begun, with these steps',
    StepStarted: 'A step has begun; `command` is what it asks',
    StepProgressed: 'A step has come further',
    StepSucceeded: 'A step is done',
    StepFailed: 'A step has failed: what was done is handed back',
    UndoStarted: 'A step is handed back',
    UndoFinished: 'A step is handed back entirely',
    ProcessEnded: 'It has ended',
  },
} as const;
