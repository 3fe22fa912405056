import { HypervisorError } from './hypervisor.js';

/** An expected no, in words for people: asking again changes nothing until something else changes. */
export const refused = (message: string, options?: ErrorOptions): HypervisorError =>
  new HypervisorError('refused', message, options);
