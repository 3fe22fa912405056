import type { AnswerOf, Instant, platform } from '@strata/contracts';
import type { AsOf, Principal } from '@strata/http';

export type ReadinessReport = AnswerOf<typeof platform.ready>;
export type StatusReport = AnswerOf<typeof platform.status>;

/** Whether requests are served. Whoever puts the platform together knows what that takes. */
export abstract class Readiness {
  /** `starting` is told as 503; `degraded` serves and says what does not work. Checks are `ok` or a sentence. */
  abstract report(): Promise<ReadinessReport>;
}

/** What runs where, in short, as far as the asker's tenant may see it. */
export abstract class PlatformStatus {
  abstract report(principal: Principal, at?: Instant): Promise<AsOf<StatusReport>>;
}

/** The OpenAPI document of the public API. */
export abstract class ApiDocument {
  abstract read(): Readonly<Record<string, unknown>>;
}

export type ServiceProgress = Readonly<{
  service: string;
  /** The position of the newest event in the service's log. */
  position: number;
  /** By subscription: how many events it has yet to deal with. */
  lags: Readonly<Record<string, number>>;
  /** By subscription: of how many streams an event is parked. */
  parked: Readonly<Record<string, number>>;
}>;

/** How far each service's subscriptions have come along its log. */
export abstract class LogProgress {
  abstract report(): Promise<readonly ServiceProgress[]>;
}
