import type { Operation, OperationStep } from '@strata/contracts';
import type { OperationEvent } from '@strata/event-sourcing';
import { defineView } from '@strata/event-store';
import type { z } from 'zod';

type Step = z.infer<typeof OperationStep>;

/** What people see of an operation, and whose it is. */
export type OperationRow = Operation & Readonly<{ tenantId: string; correlationId: string }>;
export type OperationColumn = 'resourceId' | 'status' | 'open' | 'dueAt' | 'createdAt';

const isOpen = ({ status }: Operation) => status === 'running' || status === 'undoing';

export const operationView = defineView<OperationRow, OperationColumn, OperationEvent>({
  name: 'operation',
  version: 2,
  about: ['operation'],
  key: (event) => event.data.operationId,
  tenant: (row) => row.tenantId,
  acrossTenants: ['open'],
  // It changes with every step; few operations are open at a time.
  unindexed: ['dueAt'],
  columns: {
    resourceId: (row) => row.resource.id,
    status: (row) => row.status,
    open: isOpen,
    dueAt: (row) => row.dueAt,
    createdAt: (row) => row.createdAt,
  },
  evolve(row, event) {
    if (event.type === 'ProcessStarted') {
      const { operationId: id, kind: name, subject: resource, steps, cancellable } = event.data;
      return {
        id,
        name,
        status: 'running',
        task: null,
        statusReason: null,
        code: null,
        createdAt: event.at,
        endedAt: null,
        dueAt: null,
        cancellable,
        resource,
        steps: steps.map((step) => ({ name: step, status: 'waiting', startedAt: null, endedAt: null, progress: null })),
        labels: {},
        tenantId: event.meta.tenantId,
        correlationId: event.meta.correlationId,
      };
    }
    if (!row) return undefined;
    const change = (name: string, to: Partial<Step>) =>
      row.steps.map((step) => (step.name === name ? { ...step, ...to } : step));
    switch (event.type) {
      case 'StepStarted': {
        const { step, dueAt } = event.data;
        return { ...row, task: step, dueAt, steps: change(step, { status: 'running', startedAt: event.at }) };
      }
      case 'StepProgressed': {
        const { step, done, total, note } = event.data;
        return { ...row, steps: change(step, { progress: { done, total, note } }) };
      }
      case 'StepSucceeded':
        return { ...row, steps: change(event.data.step, { status: 'succeeded', endedAt: event.at }) };
      case 'StepFailed': {
        const { step, code, reason } = event.data;
        return {
          ...row,
          status: 'undoing',
          code,
          statusReason: reason,
          cancellable: false,
          steps: change(step, { status: 'failed', endedAt: event.at }),
        };
      }
      case 'UndoStarted': {
        const { step, dueAt } = event.data;
        return { ...row, task: step, dueAt, steps: change(step, { status: 'undoing' }) };
      }
      case 'UndoFinished':
        return { ...row, steps: change(event.data.step, { status: 'undone', endedAt: event.at }) };
      case 'ProcessEnded': {
        const { outcome, code, reason } = event.data;
        return {
          ...row,
          status: outcome,
          task: null,
          dueAt: null,
          endedAt: event.at,
          cancellable: false,
          code: code || null,
          statusReason: reason || null,
        };
      }
    }
  },
});
