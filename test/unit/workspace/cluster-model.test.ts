import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ApiError } from '../../../src/workspace/api-error.ts';
import { deferred } from '../../support/deferred.ts';
import { ScriptedDriver } from '../../support/scripted-driver.ts';
import { ScriptedWorkspace } from '../../support/scripted-workspace.ts';

/** What clients ask, and what drivers do meanwhile; `settle` lets everything happen that can. */
const step = fc.constantFrom('start', 'restart', 'resize', 'terminate', 'context', 'started', 'fails to start', 'resized', 'ended', 'dies', 'settle');

/** A driver whose start, resizes and end wait for the test. */
class SlowDriver extends ScriptedDriver {
  readonly resizes: (() => void)[] = [];
  readonly end = deferred();
  isGone = false;

  constructor() {
    super();
    void this.exited.then(() => (this.isGone = true));
  }

  override async resize(): Promise<void> {
    await Promise.race([new Promise<void>((resolve) => this.resizes.push(resolve)), this.exited]);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await Promise.race([this.end.promise, this.exited]);
    await super[Symbol.asyncDispose]();
  }
}

async function turn(): Promise<void> {
  for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve));
}

test('whatever clients ask and drivers do: one driver at a time, no context of an old one, and nothing left in the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      await using server = new ScriptedWorkspace('modern');
      const cluster = server.workspace.defaultCluster;
      const drivers: SlowDriver[] = [];
      const starts: { readonly resolve: (driver: SlowDriver | undefined) => void }[] = [];
      server.startDriver = async () => {
        expect(drivers.filter(({ isGone }) => !isGone)).toEqual([]);
        const start = deferred<SlowDriver | undefined>();
        starts.push(start);
        const driver = await start.promise;
        if (driver === undefined) throw new Error('There is no Java');
        drivers.push(driver);
        return driver;
      };
      const check = () => {
        const { state } = cluster;
        if (state.status === 'Running' || state.status === 'Reconfiguring') {
          expect(state.driver).toBe(drivers.at(-1));
          if (state.status === 'Running' && state.complaint === undefined) expect(drivers.at(-1)?.isGone).toBe(false);
        }
        for (const context of cluster.contexts) {
          if (context.state.status === 'Running' && 'driver' in state) expect(context.state.driver).toBe(state.driver);
        }
      };
      for (const now of steps) {
        const before = cluster.state.status;
        try {
          if (now === 'start') cluster.start();
          if (now === 'restart') cluster.restart();
          if (now === 'resize') cluster.resize(steps.length);
          if (now === 'terminate') cluster.terminate();
          if (now === 'context') cluster.createContext('sql', undefined);
        } catch (error) {
          expect([error instanceof ApiError, cluster.state.status]).toEqual([true, before]);
        }
        if (now === 'started') starts.pop()?.resolve(new SlowDriver());
        if (now === 'fails to start') starts.pop()?.resolve(undefined);
        if (now === 'resized') drivers.at(-1)?.resizes.shift()?.();
        if (now === 'ended') drivers.at(-1)?.end.resolve();
        if (now === 'dies') drivers.at(-1)?.die('No memory');
        if (now === 'settle') await turn();
        check();
      }
      cluster.terminate();
      for (let n = 0; cluster.state.status !== 'Terminated'; n++) {
        expect(n).toBeLessThan(20);
        await turn();
        for (const { resolve } of starts) resolve(new SlowDriver());
        for (const driver of drivers) driver.end.resolve();
      }
      expect(drivers.filter(({ isGone }) => !isGone)).toEqual([]);
      expect(cluster.contexts).toEqual([]);
    }),
    { numRuns: 150 },
  );
});
