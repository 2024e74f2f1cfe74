import type { Interpreter } from '../../src/kernel/interpreter.ts';
import { startKernel, type Kernel, type KernelFacts, type KernelOptions } from '../../src/kernel/kernel.ts';
import { FakeInterpreter } from './fake-interpreter.ts';
import { MemoryChannels } from './memory-channels.ts';

export const facts: KernelFacts = {
  implementation: 'echo',
  version: '1.2.3',
  banner: 'Echo 1.2.3',
  languageInfo: { name: 'echo', version: '1', mimetype: 'text/plain', file_extension: '.txt' },
  helpLinks: [{ text: 'Help', url: 'https://example.org' }],
};

export interface MemoryKernel extends AsyncDisposable {
  readonly kernel: Kernel;
  readonly channels: MemoryChannels;
  readonly interpreter: FakeInterpreter;
}

/** The real kernel between channels in memory and an interpreter of the test's. */
export function memoryKernel(options: Partial<KernelOptions> & { readonly interpreter?: Promise<Interpreter> } = {}): MemoryKernel {
  const channels = new MemoryChannels();
  const interpreter = new FakeInterpreter();
  const kernel = startKernel({ channels, interpreter: Promise.resolve(interpreter), facts, ...options });
  return { kernel, channels, interpreter, [Symbol.asyncDispose]: async () => kernel[Symbol.asyncDispose]() };
}
