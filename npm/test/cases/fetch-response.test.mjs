// The response handed out is the platform's own, and everything that can be done to it still can.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFetch } from 'millpond';
import { fakeFetch, handBody, isQuiet, rejection, state, turn, until } from './fetch-kit.mjs';

const URL_A = 'https://a.example/';

/** Whether the platform can transfer streams. Not all can. */
const canTransfer = (() => {
  try {
    const stream = new ReadableStream();
    return !!structuredClone(stream, { transfer: [stream] });
  } catch {
    return false;
  }
})();

/** A response of a limited fetch, and what its base fetch gave. */
async function respond(body, init, options) {
  const { fetch, calls } = fakeFetch();
  const limited = createFetch({ concurrency: 1, fetch, ...options });
  const promise = limited(URL_A, init?.request);
  const native = body instanceof Response ? body : new Response(body, init);
  calls[0].answer(native);
  return { native, response: await promise, limited, calls };
}

test('it is the very object the base fetch gave', async () => {
  const { native, response } = await respond('x');
  assert.equal(response, native);
  assert.ok(response instanceof Response);
});

test('a response made by hand keeps the content type its body gives it', async () => {
  const form = new FormData();
  const { response } = await respond(form);
  assert.match(response.headers.get('content-type'), /^multipart\/form-data; boundary=/);
});

test('nothing is seen of the members it was given', async () => {
  const { response } = await respond('x');
  assert.deepEqual(Object.keys(response), []);
  const names = [];
  for (const name in response) names.push(name);
  assert.deepEqual(names, Object.keys(Object.getOwnPropertyDescriptors(Response.prototype)).filter((name) => names.includes(name)));
  assert.equal(response.text.name, 'text');
  assert.equal(response.text.length, 0);
  assert.ok(response.text() instanceof Promise);
});

const WHOLE = {
  text: (value) => assert.equal(value, '{"a":1}'),
  json: (value) => assert.deepEqual(value, { a: 1 }),
  arrayBuffer: (value) => assert.equal(value.byteLength, 7),
  blob: (value) => assert.equal(value.size, 7),
  bytes: (value) => assert.equal(value.length, 7),
};

for (const options of [{}, { bodyTimeout: 60_000 }]) {
  for (const [name, check] of Object.entries(WHOLE)) {
    if (!(name in Response.prototype)) continue;
    test(`${name}() ${options.bodyTimeout ? 'with a body timeout' : ''}: reads all, marks at once, frees the slot, and can be done once`, async () => {
      const { response, limited } = await respond('{"a":1}', { headers: { 'content-type': 'application/json' } }, options);
      assert.equal(response.bodyUsed, false);
      const promise = response[name]();
      assert.equal(response.bodyUsed, true);
      assert.equal(response.body.locked, true);
      assert.ok(await rejection(response.text()) instanceof TypeError);
      assert.throws(() => response.clone(), TypeError);
      check(await promise);
      assert.ok(isQuiet(limited));
      assert.ok(await rejection(response[name]()) instanceof TypeError);
    });
  }

  test(`formData() ${options.bodyTimeout ? 'with a body timeout' : ''}`, async () => {
    const form = new FormData();
    form.set('a', 'b');
    const { response, limited } = await respond(form, undefined, options);
    assert.equal((await response.formData()).get('a'), 'b');
    assert.ok(isQuiet(limited));
  });

  test(`json() that fails to parse ${options.bodyTimeout ? 'with a body timeout' : ''} has read the body, too`, async () => {
    const { response, limited } = await respond('{', undefined, options);
    assert.ok(await rejection(response.json()) instanceof SyntaxError);
    assert.ok(isQuiet(limited));
  });
}

test('body is one and the same stream, and looking at it leaves the response untouched', async () => {
  const hand = handBody();
  const { native, response, limited } = await respond(hand.stream);
  const { body } = response;
  assert.ok(body instanceof ReadableStream);
  assert.equal(response.body, body);
  assert.equal(body.locked, false);
  // What the platform sees inside is unlocked and undisturbed: it can still be handed to a service worker or a cache.
  const text = new Response(Object.getOwnPropertyDescriptor(Response.prototype, 'body').get.call(native)).text();
  hand.push('x');
  hand.close();
  assert.equal(await text, 'x');
  assert.equal(response.bodyUsed, true);
  assert.equal(response.body.locked, true);
  assert.equal(limited.stats.running, 1, 'which is why nothing was seen of it');
});

test('a read by reader marks the body in the same turn', async () => {
  const { response } = await respond(handBody().stream);
  const reader = response.body.getReader();
  assert.equal(response.bodyUsed, false);
  reader.read();
  assert.equal(response.bodyUsed, true);
});

async function collect(stream) {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of stream) text += decoder.decode(chunk, { stream: true });
  return text;
}

const ROUTES = {
  'a default reader': async ({ body }) => {
    const reader = body.getReader();
    let text = '';
    for (let step; !(step = await reader.read()).done;) text += new TextDecoder().decode(step.value);
    return text;
  },
  'a BYOB reader': async ({ body }) => {
    const reader = body.getReader({ mode: 'byob' });
    let text = '';
    let buffer = new ArrayBuffer(3);
    for (let step; !(step = await reader.read(new Uint8Array(buffer))).done; buffer = step.value.buffer) text += new TextDecoder().decode(step.value);
    return text;
  },
  'for await': ({ body }) => collect(body),
  'the iterator of values()': ({ body }) => collect(body.values({ preventCancel: true })),
  pipeThrough: ({ body }) => collect(body.pipeThrough(new TransformStream())),
  pipeTo: async ({ body }) => {
    let text = '';
    await body.pipeTo(new WritableStream({ write: (chunk) => { text += new TextDecoder().decode(chunk); } }));
    return text;
  },
  'new Response(body)': ({ body }) => new Response(body).text(),
  'both branches of tee': async ({ body }) => {
    const [one, two] = body.tee();
    const texts = await Promise.all([collect(one), collect(two)]);
    assert.equal(texts[0], texts[1]);
    return texts[0];
  },
  'a branch of tee': ({ body }) => collect(body.tee()[1]),
  ...canTransfer && { 'a transferred stream': ({ body }) => collect(structuredClone(body, { transfer: [body] })) },
  clone: (response) => response.clone().text(),
  'the body of a clone': (response) => collect(response.clone().body),
  'the body after a clone': async (response) => {
    const copy = response.clone();
    const text = await collect(response.body);
    assert.equal(await copy.text(), text);
    return text;
  },
  'a clone of a clone': (response) => response.clone().clone().text(),
};

for (const [what, read] of Object.entries(ROUTES)) {
  for (const type of ['bytes', null]) {
    if (type !== 'bytes' && what.includes('BYOB')) continue;
    test(`read by ${what}, ${type ?? 'default'} stream: all is there, and the slot is free`, async () => {
      const body = handBody(type);
      const { response, limited } = await respond(body.stream);
      const text = read(response);
      for (const part of ['one ', 'two ', 'three']) {
        await turn();
        assert.equal(limited.stats.running, 1);
        body.push(part);
      }
      await turn();
      body.close();
      assert.equal(await text, 'one two three');
      await until(() => isQuiet(limited));
    });
  }
}

test('a BYOB reader is refused where the platform refuses it', async () => {
  const { response } = await respond(handBody(null).stream);
  assert.throws(() => response.body.getReader({ mode: 'byob' }), TypeError);
});

test('locked without a read: text() and clone() fail, and work once the lock is gone', async () => {
  const body = handBody();
  body.push('x');
  body.close();
  const { response, limited } = await respond(body.stream);
  const reader = response.body.getReader();
  assert.equal(response.bodyUsed, false);
  assert.ok(await rejection(response.text()) instanceof TypeError);
  assert.throws(() => response.clone(), TypeError);
  reader.releaseLock();
  const copy = response.clone();
  assert.equal(await copy.text(), 'x');
  assert.equal(await response.text(), 'x');
  assert.ok(isQuiet(limited));
});

test('a reader may let go in the middle and another go on', async () => {
  const body = handBody();
  const { response, limited } = await respond(body.stream);
  body.push('one ');
  const first = response.body.getReader();
  assert.equal((await first.read()).value.length, 4);
  first.releaseLock();
  assert.ok(await rejection(response.text()) instanceof TypeError, 'used');
  assert.equal(limited.stats.running, 1);
  body.push('two');
  body.close();
  assert.equal(await collect(response.body), 'two');
  assert.ok(isQuiet(limited));
});

test('clone() locks the stream handed out before, and gives both new ones', async () => {
  const { response } = await respond('x');
  const before = response.body;
  const copy = response.clone();
  assert.equal(before.locked, true);
  assert.notEqual(response.body, before);
  assert.notEqual(copy.body, response.body);
  assert.ok(copy instanceof Response);
});

test('clones share one slot: free when one was read to the end', async () => {
  const { response, limited } = await respond('x');
  const copy = response.clone();
  assert.equal(limited.stats.running, 1);
  await copy.text();
  assert.ok(isQuiet(limited));
  assert.equal(await response.text(), 'x');
  assert.equal(limited.stats.succeeded, 1);
});

test('clones share one slot: free when all were cancelled', async () => {
  const body = handBody();
  const { response, limited } = await respond(body.stream);
  const copy = response.clone();
  const first = response.body.cancel('a');
  await turn();
  assert.equal(limited.stats.running, 1);
  assert.equal(body.cancelled, undefined);
  await Promise.all([first, copy.body.cancel('b')]);
  assert.deepEqual(body.cancelled, { reason: ['a', 'b'] });
  assert.ok(isQuiet(limited));
});

test('cancel() goes through with its reason and marks the body', async () => {
  const body = handBody();
  const { response, limited } = await respond(body.stream);
  const done = response.body.cancel('enough');
  assert.deepEqual(body.cancelled, { reason: 'enough' });
  assert.equal(response.bodyUsed, true);
  await done;
  assert.ok(isQuiet(limited));
});

test('leaving a for await loop cancels', async () => {
  const body = handBody();
  const { response, limited } = await respond(body.stream);
  body.push('x');
  for await (const _ of response.body) break;
  assert.ok(body.cancelled);
  assert.ok(isQuiet(limited));
});

test("a pipe that fails cancels, and one with preventCancel does not", async () => {
  const error = new Error('full');
  const sink = () => new WritableStream({ write() { throw error; } });
  for (const preventCancel of [false, true]) {
    const body = handBody();
    const { response, limited } = await respond(body.stream);
    body.push('x');
    body.push('y');
    assert.equal(await rejection(response.body.pipeTo(sink(), { preventCancel })), error);
    assert.equal(!!body.cancelled, !preventCancel);
    assert.equal(isQuiet(limited), !preventCancel);
  }
});

/** What the platform says of a body that breaks. */
async function nativeMessage(read) {
  const body = handBody();
  const text = read(new Response(body.stream));
  body.push('one');
  await turn();
  body.error(new TypeError('terminated'));
  const error = await rejection(text);
  return String(error.cause?.message ?? error.message);
}

for (const [what, read] of Object.entries(ROUTES)) {
  test(`a broken body is told to ${what}, and the slot is free`, async () => {
    const body = handBody();
    const { response, limited } = await respond(body.stream);
    const text = read(response);
    body.push('one');
    await turn();
    body.error(new TypeError('terminated'));
    const error = await rejection(text);
    assert.equal(String(error.cause?.message ?? error.message), await nativeMessage(read));
    await until(() => isQuiet(limited));
  });
}

test('closed of an idle reader hears of the end and of errors without a read', async () => {
  for (const how of ['close', 'error']) {
    const body = handBody();
    const { response, limited } = await respond(body.stream);
    const { closed } = response.body.getReader();
    assert.equal(await state(closed), 'waits');
    body[how](new Error('broken'));
    const end = await state(closed);
    assert.equal(how === 'close' ? 'value' in end : end.error.message, how === 'close' ? true : 'broken');
    assert.ok(isQuiet(limited));
  }
});

function isSurvived(name) {
  Object.prototype[name] = 'polluted';
  try {
    return !!handBody().stream;
  } catch {
    return false;
  } finally {
    delete Object.prototype[name];
  }
}

test('a polluted Object.prototype changes nothing', async () => {
  // Only what the platform itself survives in the same place.
  const names = ['type', 'highWaterMark', 'size', 'enumerable', 'configurable'].filter(isSurvived);
  for (const name of names) Object.prototype[name] = 'polluted';
  try {
    for (const options of [{}, { bodyTimeout: 1000 }]) {
      const { response, limited } = await respond(handBody().stream, undefined, options);
      assert.equal(response.bodyUsed, false);
      assert.deepEqual(Object.keys(response), []);
      await Promise.all([response.clone().body.cancel(), response.body.cancel()]);
      assert.ok(isQuiet(limited));
    }
  } finally {
    for (const name of names) delete Object.prototype[name];
  }
});
