import { request } from 'node:http';
import type { ClientRequest } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

type Place = Readonly<{ apiUrl: string; bearer: string }>;

const AGAIN_MS = 20;

/** Somebody who follows the events of a tenant, loses the connection, and goes on behind the last event that came whole. */
export class Follower {
  /** The positions of all events that came, in the order in which they came. */
  readonly positions: number[] = [];
  drops = 0;
  /** How often it was told to come again, and what else it was told than events. */
  refusals = 0;
  readonly surprises: string[] = [];
  #request: ClientRequest | undefined;
  #isFollowing = true;
  readonly #ended: Promise<void>;

  constructor(
    private readonly place: Place,
    private readonly since: number,
  ) {
    this.#ended = this.#follow();
  }

  get last(): number {
    return this.positions.at(-1) ?? this.since;
  }

  /** The connection breaks, wherever it is: most often in the midst of an event. */
  drop(): void {
    this.drops += 1;
    this.#request?.destroy();
  }

  async stop(): Promise<void> {
    this.#isFollowing = false;
    this.#request?.destroy();
    await this.#ended;
  }

  async #follow(): Promise<void> {
    while (this.#isFollowing) {
      await this.#listen();
      await pause(AGAIN_MS);
    }
  }

  #listen(): Promise<void> {
    return new Promise((resolve) => {
      const headers = {
        authorization: `Bearer ${this.place.bearer}`,
        accept: 'text/event-stream',
        'last-event-id': String(this.last),
      };
      const sent = request(`${this.place.apiUrl}/v1/events`, { headers }, (response) => {
        if (response.statusCode === 429 || response.statusCode === 503) this.refusals += 1;
        else if (response.statusCode !== 200) this.surprises.push(`it was answered ${response.statusCode}`);
        let rest = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          const frames = (rest + text).split('\n\n');
          rest = frames.pop() ?? '';
          for (const frame of frames) this.#hear(frame);
        });
        response.on('error', () => undefined);
        response.once('close', resolve);
      });
      sent.on('error', () => resolve());
      this.#request = sent;
      sent.end();
    });
  }

  #hear(frame: string): void {
    const id = /^id: (\d+)$/m.exec(frame)?.[1];
    if (id !== undefined) this.positions.push(Number(id));
    else if (!frame.startsWith(':')) this.surprises.push(frame.slice(0, 200));
  }
}
