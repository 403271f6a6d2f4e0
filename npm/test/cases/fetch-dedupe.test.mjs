// GETs that are alike share one transfer (`dedupe`), and nobody notices.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFetch } from 'millpond';
import { fakeFetch, handBody, isQuiet, rejection, state, turn, until } from './fetch-kit.mjs';

const URL_A = 'https://a.example/';

function one(options, base = fakeFetch()) {
  return { ...base, limited: createFetch({ concurrency: 1, dedupe: true, unreadGrace: Infinity, fetch: base.fetch, ...options }) };
}

const texts = (responses) => Promise.all(responses.map((response) => response.text()));

describe('dedupe', () => {
  test('one transfer, a response for each', async () => {
    const { limited, calls } = one();
    const promises = [limited(URL_A), limited(new URL(URL_A)), limited(new Request(URL_A))];
    await turn();
    assert.equal(calls.length, 1);
    assert.equal(limited.stats.submitted, 1);
    calls[0].answer('all of it', { headers: { 'x-own': 'kept' } });
    const responses = await Promise.all(promises);
    assert.equal(new Set(responses).size, 3);
    assert.deepEqual(responses.map((response) => response.headers.get('x-own')), ['kept', 'kept', 'kept']);
    assert.deepEqual(await texts(responses), ['all of it', 'all of it', 'all of it']);
    assert.ok(isQuiet(limited));
    assert.deepEqual(limited.stats, { ...limited.stats, submitted: 1, succeeded: 1, failed: 0, cancelled: 0 });
  });

  test('alone it is a fetch like any other', async () => {
    const { limited, calls } = one();
    const promise = limited(URL_A);
    const answer = new Response('x');
    calls[0].answer(answer);
    assert.equal(await promise, answer);
    assert.ok(!isQuiet(limited));
    assert.equal(await answer.text(), 'x');
    assert.ok(isQuiet(limited));
  });

  test('not without being asked; by the call, the lane or all', async () => {
    const counts = [];
    for (const [options, pond] of [[{ dedupe: false }], [{ dedupe: false }, { dedupe: true }], [{}, { dedupe: false }], [{ dedupe: false, lanes: { [URL_A]: { dedupe: true } } }]]) {
      const { limited, calls } = one({ concurrency: 9, ...options });
      for (let i = 0; i < 2; i++) limited(URL_A, { pond });
      counts.push(calls.length);
    }
    assert.deepEqual(counts, [2, 1, 2, 1]);
  });

  const DIFFERENT = {
    'another method': [{ method: 'HEAD' }, { method: 'HEAD' }],
    'a body': [{ method: 'POST', body: 'x' }, { method: 'POST', body: 'x' }],
    'another header': [{ headers: { accept: 'text/html' } }],
    'other credentials': [{ credentials: 'omit' }],
    'another mode': [{ mode: 'same-origin' }],
    'another redirect': [{ redirect: 'error' }],
    'another integrity': [{ integrity: 'sha256-x' }],
    'another lane': [{ pond: { lane: 'other' } }],
    'another timeout': [{ pond: { timeout: 5 } }],
    'its progress watched': [{ pond: { onDownloadProgress() {} } }, { pond: { onDownloadProgress() {} } }],
  };
  for (const [what, [own, two]] of Object.entries(DIFFERENT)) {
    // Not every host keeps everything.
    const [member] = Object.keys(own);
    if (member !== 'pond' && !two && new Request(URL_A, own)[member] === new Request(URL_A)[member]) continue;
    test(`not alike: ${what}`, () => {
      const { limited, calls } = one({ concurrency: 9 });
      limited(URL_A, own).catch(() => {});
      limited(URL_A, two).catch(() => {});
      assert.equal(calls.length, 2);
    });
  }

  test('not alike: another lane, whoever says so', () => {
    let lane = 0;
    const { limited, calls } = one({ lane: () => `${lane++}` });
    limited(URL_A);
    limited(URL_A);
    assert.equal(calls.length, 2);
  });

  test('not alike: another address', () => {
    const { limited, calls } = one({ concurrency: 9 });
    limited(URL_A);
    limited(`${URL_A}?`);
    assert.equal(calls.length, 2);
  });

  test('once the headers have come, the next one is sent again', async () => {
    const { limited, calls } = one({ concurrency: 2 });
    const promise = limited(URL_A);
    calls[0].answer('x');
    await promise;
    limited(URL_A);
    assert.equal(calls.length, 2);
  });

  test('a failure is everybody’s, and over', async () => {
    const { limited, calls } = one();
    const promises = [limited(URL_A), limited(URL_A)];
    const error = new TypeError('no net');
    calls[0].reject(error);
    assert.deepEqual(await Promise.all(promises.map(rejection)), [error, error]);
    assert.ok(isQuiet(limited));
    limited(URL_A);
    assert.equal(calls.length, 2);
  });

  test('no body: a response for each', async () => {
    const { limited, calls } = one();
    const promises = [limited(URL_A), limited(URL_A)];
    calls[0].answer(null, { status: 204 });
    assert.deepEqual((await Promise.all(promises)).map(({ status }) => status), [204, 204]);
    assert.ok(isQuiet(limited));
  });

  test('the highest priority counts', async () => {
    const { limited, calls } = one();
    limited(`${URL_A}running`);
    limited(`${URL_A}shared`, { pond: { priority: -5 } });
    limited(`${URL_A}other`, { pond: { priority: 2.5 } });
    limited(`${URL_A}shared`, { pond: { priority: 3 } });
    limited(`${URL_A}shared`, { pond: { priority: 2, id: 'x' } });
    assert.equal(limited.stats.waiting, 2);
    calls[0].answer(null);
    await turn();
    assert.equal(calls[1].url, `${URL_A}shared`);
  });
});

describe('dedupe and aborts', () => {
  /** Two callers, the first of whom can be aborted, and the second too. */
  function two(options, base) {
    const controllers = [new AbortController(), new AbortController()];
    const { limited, calls } = one(options, base);
    return { limited, calls, controllers, promises: controllers.map(({ signal }) => limited(URL_A, { signal })) };
  }

  for (const [who, other] of [[0, 1], [1, 0]]) {
    test(`before the headers: it ends that caller only (${who})`, async () => {
      const { limited, calls, controllers, promises } = two();
      controllers[who].abort('mine');
      assert.deepEqual(await state(promises[who]), { error: 'mine' });
      assert.ok(!calls[0].request.signal.aborted);
      const answer = new Response('x');
      calls[0].answer(answer);
      assert.equal(await promises[other], answer, 'there is no copy left over');
      assert.equal(await answer.text(), 'x');
      assert.ok(isQuiet(limited));
    });
  }

  test('before the headers: the last one ends the transfer', async () => {
    const { limited, calls, controllers, promises } = two();
    controllers[1].abort('first');
    controllers[0].abort('last');
    assert.deepEqual(await Promise.all(promises.map(rejection)), ['last', 'first']);
    assert.equal(calls[0].request.signal.reason, 'last');
    await until(() => isQuiet(limited));
    limited(URL_A);
    assert.equal(calls.length, 2, 'nobody joins what was aborted');
  });

  test('at any instant of the hand-over', async () => {
    for (let turns = 0; turns < 20; turns++) {
      const { limited, calls, controllers, promises } = two();
      const texts = promises.map((promise) => promise.then((response) => response.text()));
      calls[0].answer('all');
      for (let i = 0; i < turns; i++) await null;
      controllers[0].abort('mine');
      const [mine, other] = await Promise.allSettled(texts);
      assert.ok(mine.reason === 'mine' || mine.value === 'all');
      assert.equal(other.value, 'all', `after ${turns} microtasks`);
      await until(() => isQuiet(limited));
      const { calls: sent, controllers: [controller], promises: [promise] } = two();
      sent[0].answer('all');
      for (let i = 0; i < turns; i++) await null;
      controller.abort('mine');
      const answer = await promise.catch((error) => error);
      if (answer !== 'mine') assert.equal(await rejection(answer.text()), 'mine', `after ${turns} microtasks`);
    }
  });

  test('the next one does not join what was aborted just now', async () => {
    const { limited, calls, controllers, promises } = two({ concurrency: 2 });
    for (const controller of controllers) controller.abort('mine');
    limited(URL_A);
    assert.equal(calls.length, 2);
    await Promise.all(promises.map(rejection));
  });

  test('in the line: the last one takes it out', async () => {
    const { limited, calls } = one();
    limited(`${URL_A}running`);
    const controller = new AbortController();
    const promises = [1, 2].map(() => limited(URL_A, { signal: controller.signal }));
    assert.equal(limited.stats.waiting, 1);
    controller.abort('mine');
    assert.equal(limited.stats.waiting, 0);
    assert.deepEqual(await Promise.all(promises.map(rejection)), ['mine', 'mine']);
    assert.equal(calls.length, 1);
  });

  test('aborted beforehand: it does not join', async () => {
    const { limited, calls } = one();
    limited(URL_A);
    assert.equal(await rejection(limited(URL_A, { signal: AbortSignal.abort('mine') })), 'mine');
    assert.ok(!calls[0].request.signal.aborted);
  });

  test('while the body is read: it ends that caller only', async () => {
    const { limited, calls, controllers, promises } = two();
    const body = handBody();
    calls[0].answer(body.stream);
    const responses = await Promise.all(promises);
    const [mine, other] = responses.map((response) => response.text());
    body.push('1');
    await turn();
    controllers[0].abort('mine');
    assert.equal(await rejection(mine), 'mine');
    body.push('2');
    body.close();
    assert.equal(await other, '12');
    await until(() => isQuiet(limited));
  });

  for (const way of ['text', 'stream']) {
    test(`with the body unread: it ends that caller only (${way})`, async () => {
      const { limited, calls, controllers, promises } = two();
      calls[0].answer('all');
      const [mine, other] = await Promise.all(promises);
      controllers[0].abort('mine');
      await turn();
      assert.equal(await rejection(way === 'text' ? mine.text() : mine.body.getReader().read()), 'mine');
      assert.equal(await other.text(), 'all');
      assert.ok(isQuiet(limited));
    });
  }

  test('whoever reads right after the abort does not get what others wait for', async () => {
    const { calls, controllers, promises } = two();
    calls[0].answer('all');
    const [mine, other] = await Promise.all(promises);
    controllers[0].abort('mine');
    assert.equal(await rejection(mine.text()), 'mine');
    assert.equal(await other.text(), 'all');
  });

  test('the last one ends the transfer, in its body too', async () => {
    const { limited, calls, controllers, promises } = two();
    const body = handBody();
    calls[0].answer(body.stream);
    const responses = await Promise.all(promises);
    const reading = responses.map((response) => rejection(response.text()));
    await turn();
    controllers[0].abort('one');
    assert.ok(!isQuiet(limited));
    assert.equal(body.cancelled, undefined);
    controllers[1].abort('other');
    assert.deepEqual(await Promise.all(reading), ['one', 'other']);
    assert.equal(calls[0].request.signal.reason, 'other');
    await until(() => isQuiet(limited) && body.cancelled);
  });

  test('one cancels its body, one is aborted: the transfer is over', async () => {
    const { limited, calls, controllers, promises } = two();
    const body = handBody();
    calls[0].answer(body.stream);
    const [first, second] = await Promise.all(promises);
    first.body.cancel('enough');
    await turn();
    assert.ok(!isQuiet(limited));
    controllers[1].abort('mine');
    assert.equal(await rejection(second.text()), 'mine');
    await until(() => isQuiet(limited));
    assert.equal(limited.stats.submitted, 1);
  });

  test('the slot is given up when nobody reads and somebody waits', async (t) => {
    const { warn } = console;
    console.warn = () => {};
    t.after(() => { console.warn = warn; });
    const { limited, calls } = one({ unreadGrace: 0 });
    const promises = [limited(URL_A), limited(URL_A)];
    limited(`${URL_A}next`);
    calls[0].answer('all');
    const responses = await Promise.all(promises);
    await until(() => calls.length === 2);
    assert.deepEqual(await texts(responses), ['all', 'all']);
  });

  test('a deadline is everybody’s', async () => {
    const { limited, promises } = two({ timeout: 1 });
    const errors = await Promise.all(promises.map(rejection));
    assert.deepEqual(errors.map(({ phase }) => phase), ['headers', 'headers']);
    await until(() => isQuiet(limited));
  });
});
