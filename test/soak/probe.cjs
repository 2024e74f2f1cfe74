// Loaded into the Node processes of a soak with `node --require`: on SIGUSR2 it collects garbage and writes what the process holds into
// SOAK_PROBES/<pid>.json. How much of its memory Node has not bothered to give back yet would hide what really grows.
'use strict';
const { renameSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const v8 = require('node:v8');
const vm = require('node:vm');
const { isMainThread } = require('node:worker_threads');

const directory = process.env.SOAK_PROBES;
if (isMainThread && directory) {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc');
  let count = 0;
  process.on('SIGUSR2', () => {
    collect();
    collect();
    const { heapUsed, external } = process.memoryUsage();
    const file = join(directory, `${process.pid}.json`);
    writeFileSync(`${file}.draft`, JSON.stringify({ count: ++count, held: heapUsed + external, handles: process.getActiveResourcesInfo().length }));
    renameSync(`${file}.draft`, file);
  });
}
