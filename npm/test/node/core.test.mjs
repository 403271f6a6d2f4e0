// The core: not touched at import, told apart when forbidden, and never silent when it fails.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { script, TRAPPABLE } from './kit.mjs';

test('nothing happens at import, one core for all at the first construction', () => {
  const { stdout, stderr } = script(`
    let made = 0;
    const { Module } = WebAssembly;
    WebAssembly.Module = class extends Module { constructor(bytes) { super(bytes); made++; } };
    console.log(made);
    new Pool(1);
    new PoolManager();
    console.log(made);
  `);
  assert.equal(stdout, '0\n1\n', stderr);
});

for (const [host, code, way] of [
  ['a host that reads hex', "const read = (hex) => Buffer.from(hex, 'hex'); Uint8Array.fromHex = (hex) => (console.log('fromHex'), read(hex));", 'fromHex\n'],
  ['Node', "delete Uint8Array.fromHex; const { from } = Buffer; Buffer.from = (...args) => (console.log('Buffer'), from(...args));", 'Buffer\n'],
  ['a host that has neither', 'delete Uint8Array.fromHex; delete globalThis.Buffer;', ''],
]) {
  test(`the core is read by what there is: ${host}`, () => {
    const { stdout, stderr } = script(`${code} const text = await new Pool(1).run(() => 'works'); console.log(text);`);
    assert.equal(stdout, `${way}works\n`, stderr);
  });
}

test('where WebAssembly is forbidden the error names what to allow, and the next try is a new one', () => {
  const { stdout, stderr } = script(`
    const { Module } = WebAssembly;
    WebAssembly.Module = class { constructor() { throw new WebAssembly.CompileError('refused by CSP'); } };
    try { new Pool(1); } catch (error) { console.log(error.code, error.message.includes("'wasm-unsafe-eval'"), error.cause.message); }
    WebAssembly.Module = Module;
    console.log(await new Pool(1).run(() => 'works'));
  `);
  assert.equal(stdout, 'ERR_MILLPOND_WASM true refused by CSP\nworks\n', stderr);
});

test('when it traps, everything handed out rejects, and later calls say why', () => {
  const { status, stdout, stderr } = script(`
    ${TRAPPABLE}
    const pool = new Pool(1);
    const other = new PoolManager({ pool: 1 });
    const say = (name) => (error) => console.log(name, error.code, error.cause.message);
    let end;
    const first = pool.run(() => new Promise((resolve) => { end = resolve; }));
    const running = other.run('a', ({ signal }) => new Promise(() => signal.addEventListener('abort', () => console.log('told', signal.reason.code))));
    const handed = [pool.run(() => {}), running, other.run('a', () => {}), pool.onIdle(), other.onIdle(), pool.close()];
    handed.forEach((promise, i) => promise.catch(say(i)));
    armed = true;
    end('its own result');
    console.log(await first.catch(() => 'lost'));
    await new Promise(setImmediate);
    await pool.run(() => {}).catch(say('run'));
    for (const use of [() => new Pool(1), () => pool.stats, () => other.waiting]) try { use(); } catch (error) { say('throws')(error); }
  `);
  const broken = 'ERR_MILLPOND_BROKEN unreachable';
  const lines = stdout.trim().split('\n').sort();
  assert.deepEqual(lines, [...[0, 1, 2, 3, 4, 5].map((i) => `${i} ${broken}`), 'its own result', `run ${broken}`, ...Array(3).fill(`throws ${broken}`), 'told ERR_MILLPOND_BROKEN'].sort(), stderr);
  assert.equal(status, 0, stderr);
});
