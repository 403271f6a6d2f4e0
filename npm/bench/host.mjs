// What the hosts have each in their own way: the collector, the heap, the microseconds of the processor.

/** Everything dead is gone after it, and everything that wanted a turn of the event loop has had one. */
export async function settle() {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => { setTimeout(resolve, 1); });
    globalThis.gc?.();
  }
}

const memories = [];

/** From now on, the memory of every wasm module is known. */
export function watchWasm() {
  const { Instance } = WebAssembly;
  WebAssembly.Instance = class extends Instance {
    constructor(...args) {
      super(...args);
      memories.push(...Object.values(this.exports).filter((value) => value instanceof WebAssembly.Memory));
    }
  };
}

/** What is alive, in bytes: the heap, and the memory of wasm modules, which never shrinks. Node counts that as external memory, pages do not count it. */
export async function bytesHeld() {
  if (!globalThis.gc) throw new Error('memory cannot be told without --expose-gc');
  await settle();
  if (globalThis.process?.memoryUsage) {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  }
  return performance.memory.usedJSHeapSize + memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
}

/** The words for that. */
export const toldBy = (area) => (area === 'node'
  ? 'The heap and what is outside of it, wasm memory included, after a collection'
  : 'The used JavaScript heap after a collection (with --enable-precise-memory-info), and the memory of wasm modules as it is');
