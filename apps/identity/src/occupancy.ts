/** What other services keep for a tenant, in numbers. An abstract class, so that it is port and Nest token in one. */
export abstract class Occupancy {
  /** `{ instances: 3 }` */
  abstract of(tenantId: string): Promise<Readonly<Record<string, number>>>;
}
