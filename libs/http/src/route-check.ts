import { RequestMethod } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { Endpoint } from '@strata/contracts';
import { endpointOf } from './implement.js';
import { askedFor } from './asked.js';

/**
 * Every endpoint that an application implements. A route that no contract describes has no role, no checks and no place in
 * the API document: such an application does not start. Neither does one whose handler asks for another endpoint's request
 * than it implements.
 * @throws naming every such route
 */
export const endpointsOf = (modules: ModulesContainer): readonly Endpoint[] => {
  const controllers = [...modules.values()]
    .flatMap((it) => [...it.controllers.values()])
    .flatMap(({ metatype }) => (typeof metatype === 'function' ? [metatype] : []));
  const faults = controllers.flatMap(faultsOf);
  if (faults.length > 0) throw new Error(`these routes do not follow a contract: ${[...new Set(faults)].join('; ')}`);
  return controllers.flatMap(({ prototype }) => methodsOf(prototype).flatMap(({ method }) => endpointOf(method) ?? []));
};

const faultsOf = (controller: Readonly<{ name: string; prototype: object }>): readonly string[] =>
  methodsOf(controller.prototype).flatMap(({ name, method }) => {
    const verb: unknown = Reflect.getMetadata('method', method);
    if (verb === undefined) return [];
    const route = `${controller.name}.${name}`;
    const endpoint = endpointOf(method);
    if (endpoint === undefined) return [`${route} (${RequestMethod[Number(verb)]}) is not bound by @Implement`];
    const asked = askedFor(controller.prototype, name);
    return asked === undefined || asked === endpoint
      ? []
      : [`${route} implements ${nameOf(endpoint)} and asks for ${nameOf(asked)}`];
  });

const nameOf = ({ method, path }: Endpoint) => `${method} ${path}`;

const methodsOf = (prototype: unknown): readonly Readonly<{ name: string; method: object }>[] => {
  if (typeof prototype !== 'object' || prototype === null || prototype === Object.prototype) return [];
  const own = Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(([name, property]) => {
    const method: unknown = property.value;
    return typeof method === 'function' && name !== 'constructor' ? [{ name, method }] : [];
  });
  return [...own, ...methodsOf(Object.getPrototypeOf(prototype))];
};
