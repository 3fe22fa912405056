export {
  Labels,
  Name,
  Time,
  asOf,
  endpoint,
  idOf,
  isAtLeast,
  mutationQuery,
  pageOf,
  pageQuery,
  roles,
} from './endpoint.js';
export type { AnswerOf, BodyOf, Endpoint, Instant, ParamsOf, QueryOf, Role } from './endpoint.js';
export { Problem, entryOf, problems } from './problem.js';
export type { ProblemCode } from './problem.js';
export { Operation, OperationStep, operations } from './operation.js';
export { Activity, activity } from './activity.js';
export type { Change } from './activity.js';
export { Cause, CloudEvent, events } from './event.js';
export { InstanceSpec } from './iaas/create-instance.js';
export { InstanceExplanation } from './iaas/explain-instance.js';
export { LogFault, LogProgress, LogRebuild, LogReport, LogView, logs } from './platform/log.js';
export { platform } from './platform/platform.js';
export {
  InstanceView,
  allowedVerbs,
  instanceCan,
  instanceStatuses,
  instanceTasks,
  instances,
} from './iaas/instance.js';
export type { InstanceStatus, InstanceTask, InstanceVerb } from './iaas/instance.js';
export {
  FlavorSpec,
  FlavorView,
  HostView,
  ImageView,
  NetworkView,
  PoolView,
  QuotaView,
  VolumeView,
  flavors,
  hosts,
  images,
  networks,
  pools,
  quotaResources,
  quotas,
  volumes,
} from './iaas/resources.js';
export type { QuotaAmounts } from './iaas/resources.js';
export { SettingsView, settings } from './iaas/settings.js';
export type {
  HostDescription,
  HostServices,
  HypervisorCall,
  ImageSight,
  ImageWish,
  InstanceSight,
  InstanceWish,
  InstanceWishSpec,
  NetworkSight,
  NetworkWish,
  Power,
  Sights,
  Wishes,
} from './iaas/host-link.js';
export { KeySpec, KeyView, keys } from './identity/key.js';
export { login } from './identity/login.js';
export { TenantView, tenants } from './identity/tenant.js';
export { UserSpec, UserView, users } from './identity/user.js';
export { api } from './api.js';
export { drawOpenApi } from './spec/openapi.js';
