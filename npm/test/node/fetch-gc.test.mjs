// Responses nobody has any more give their slot back. Real garbage collection: it is asked for until it has come.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createFetch } from 'millpond';
import { handBody, isQuiet, turn } from '../cases/fetch-kit.mjs';
import { serve, until } from './kit.mjs';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

/** Collects until `isSo()`. */
const collectUntil = (isSo, ms) => until(() => (gc(), isSo()), isSo.toString(), ms);

const body = async () => new Response(handBody().stream);
const limiter = (options) => createFetch({ concurrency: 1, unreadGrace: Infinity, fetch: body, ...options });

/** In a function of their own, so that nothing of them is left on the stack. */
const USES = {
  'the response': async (fetch) => { await fetch('https://a.example/'); },
  'its stream, looked at': async (fetch) => { (await fetch('https://a.example/')).body.locked; },
  'its stream, with an idle reader': async (fetch) => { (await fetch('https://a.example/')).body.getReader(); },
  'a clone, too': async (fetch) => { (await fetch('https://a.example/')).clone(); },
  'a long-lived signal': async (fetch, signal) => { await fetch('https://a.example/', { signal }); },
  'timeouts that are far': async (fetch) => { await fetch('https://a.example/', { pond: { totalTimeout: 3_600_000, bodyTimeout: 3_600_000 } }); },
};

for (const [what, use] of Object.entries(USES)) {
  test(`collected: ${what}`, async () => {
    const fetch = limiter();
    const { signal } = new AbortController();
    await use(fetch, signal);
    assert.equal(fetch.stats.running, 1);
    await collectUntil(() => isQuiet(fetch));
    assert.ok(signal);
  });
}

test('collected: frees the slot for who waits', async () => {
  const fetch = limiter();
  await USES['the response'](fetch);
  const next = fetch('https://a.example/');
  let done = false;
  next.then(() => { done = true; });
  await collectUntil(() => done);
});

test('whoever holds the stream only, or a clone, or a branch of a tee, is not cut off', async () => {
  for (const keep of [(response) => response.body, (response) => response.clone().body, (response) => response.body.tee()[0]]) {
    const feed = handBody();
    const fetch = limiter({ fetch: async () => new Response(feed.stream) });
    const stream = await (async () => keep(await fetch('https://a.example/')))();
    for (let i = 0; i < 10; i++) {
      gc();
      await turn();
    }
    assert.equal(fetch.stats.running, 1);
    feed.push('still here');
    feed.close();
    assert.equal(await new Response(stream).text(), 'still here');
    assert.ok(isQuiet(fetch));
  }
});

test('an abort is heard though everything was collected that can be', async () => {
  const server = await serve(() => {});
  try {
    const fetch = createFetch({ concurrency: 1 });
    const controller = new AbortController();
    const promises = ['/running', '/waiting'].map((path) => fetch(server.origin + path, { signal: controller.signal }));
    for (let i = 0; i < 10; i++) {
      gc();
      await turn();
    }
    controller.abort('stop');
    assert.deepEqual((await Promise.allSettled(promises)).map(({ reason }) => reason), ['stop', 'stop']);
    await until(() => isQuiet(fetch));
  } finally {
    await server.close();
  }
});

test('the platform\'s own responses, from a server', async () => {
  const server = await serve((_, response) => {
    response.write('the beginning of something that never ends');
  });
  try {
    const fetch = createFetch({ concurrency: 1, unreadGrace: Infinity });
    await (async () => { await fetch(server.origin); })();
    assert.equal(fetch.stats.running, 1);
    await collectUntil(() => isQuiet(fetch));
  } finally {
    await server.close();
  }
});
