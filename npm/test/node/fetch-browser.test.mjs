// What only a browser has: bodies its own parts consume, streams where no body is, other origins, navigation. Real headless Chromium;
// the one in $CHROMIUM, else /usr/bin/chromium, and without one these tests are skipped.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { chromium } from 'playwright-core';
import { serve } from './kit.mjs';
import { throughWorker } from './pages.mjs';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

const WORKER = `
  import { createFetch } from '/index.js';
  const limited = createFetch({ concurrency: 1, unreadGrace: 100 });
  addEventListener('install', () => skipWaiting());
  addEventListener('activate', (event) => event.waitUntil(clients.claim()));
  addEventListener('fetch', (event) => event.respondWith(limited(event.request)));
`;
const TYPES = { '/index.js': 'text/javascript', '/worker.js': 'text/javascript', '/small.wasm': 'application/wasm' };
const FILES = {
  '/index.js': readFileSync(new URL(import.meta.resolve('millpond'))),
  '/worker.js': WORKER,
  '/small.wasm': Buffer.from([0, 97, 115, 109, 1, 0, 0, 0]),
};

/** Pages, files, and answers of every kind. */
function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://x');
  const status = +(searchParams.get('status') ?? 200);
  const cors = searchParams.has('opaque') ? {} : { 'access-control-allow-origin': '*' };
  const type = TYPES[pathname] ?? (pathname === '/page' ? 'text/html' : 'text/plain');
  const location = searchParams.has('to') ? { location: searchParams.get('to') } : {};
  response.writeHead(status, { ...cors, ...location, 'content-type': type, 'cache-control': 'no-store' });
  if (pathname === '/endless') return response.write('a beginning');
  response.end(FILES[pathname] ?? `<title>${pathname}</title>`);
}

describe('in Chromium', { skip: !existsSync(executablePath) }, () => {
  let browser;
  let page;
  let home;
  let other;

  before(async () => {
    [home, other] = await Promise.all([serve(answer), serve(answer)]);
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    page = await browser.newPage();
    await page.goto(`${home.origin}/page`);
    // Shared by the tests: a limit of one, strictly held.
    await page.evaluate(async () => {
      const { createFetch } = await import('/index.js');
      globalThis.make = (options) => createFetch({ concurrency: 1, unreadGrace: Infinity, ...options });
      // In real time, as the browser's network is.
      globalThis.quiet = async ({ stats }, isQuiet = true) => {
        for (let i = 0; i < 400 && (stats.running + stats.waiting === 0) !== isQuiet; i++) await new Promise((resolve) => setTimeout(resolve, 5));
        return stats;
      };
      globalThis.rejection = (promise) => promise.then(() => 'fulfilled', (error) => error);
    });
  });

  after(async () => {
    await browser?.close();
    await Promise.all([home?.close(), other?.close()]);
  });

  test('no body to wait for, though there is a stream', async () => {
    const running = await page.evaluate(async () => {
      const fetch = make();
      const running = {};
      for (const [url, init] of [['/x?status=204'], ['/x?status=205'], ['/x', { method: 'HEAD' }], ['/x?status=302&to=/y', { redirect: 'manual' }]]) {
        await fetch(url, init);
        running[url] = fetch.stats.running;
      }
      return running;
    });
    for (const [url, n] of Object.entries(running)) assert.equal(n, 0, url);
  });

  test('opaque answers of another origin are free at the headers, and are what they are', async () => {
    const seen = await page.evaluate(async (origin) => {
      const fetch = make();
      const response = await fetch(`${origin}/x?opaque`, { mode: 'no-cors' });
      return [response.type, response.status, response.body, fetch.stats.running, [...fetch.lanes.keys()]];
    }, other.origin);
    assert.deepEqual(seen, ['opaque', 0, null, 0, [other.origin]]);
  });

  test('relative addresses are resolved by the page', async () => {
    assert.deepEqual(await page.evaluate(async () => {
      const fetch = make();
      return [await (await fetch('y/../x?a=1')).text(), [...fetch.lanes.keys()]];
    }), ['<title>/x</title>', [home.origin]]);
  });

  test('data: and blob: bypass', async () => {
    assert.deepEqual(await page.evaluate(async () => {
      const fetch = make();
      const blob = URL.createObjectURL(new Blob(['from a blob']));
      return [await (await fetch(blob)).text(), await (await fetch('data:,hello')).text(), fetch.stats.submitted];
    }), ['from a blob', 'hello', 0]);
  });

  test('read by every route: all there, and free', async () => {
    const results = await page.evaluate(async () => {
      const collect = async (stream) => new Response(stream).text();
      const routes = {
        text: (response) => response.text(),
        arrayBuffer: async (response) => new TextDecoder().decode(await response.arrayBuffer()),
        blob: async (response) => (await response.blob()).text(),
        bytes: async (response) => new TextDecoder().decode(await response.bytes()),
        reader: async ({ body }) => {
          const reader = body.getReader();
          let text = '';
          for (let step; !(step = await reader.read()).done;) text += new TextDecoder().decode(step.value);
          return text;
        },
        byob: async ({ body }) => {
          const reader = body.getReader({ mode: 'byob' });
          let text = '';
          let buffer = new ArrayBuffer(4);
          for (let step; !(step = await reader.read(new Uint8Array(buffer))).done; buffer = step.value.buffer) text += new TextDecoder().decode(step.value);
          return text;
        },
        'new Response': ({ body }) => collect(body),
        pipeThrough: ({ body }) => collect(body.pipeThrough(new TransformStream())),
        tee: async ({ body }) => (await Promise.all(body.tee().map(collect)))[1],
        clone: (response) => response.clone().text(),
        transfer: ({ body }) => collect(structuredClone(body, { transfer: [body] })),
        'with a body timeout': (response) => response.text(),
      };
      const results = {};
      for (const [name, read] of Object.entries(routes)) {
        const fetch = make(name.includes('timeout') ? { bodyTimeout: 10_000 } : {});
        const response = await fetch(`/x?${name}`);
        const before = [response.bodyUsed, response instanceof Response, Object.keys(response).length];
        const promise = read(response);
        results[name] = [...before, await promise, (await quiet(fetch)).running];
      }
      return results;
    });
    for (const [name, result] of Object.entries(results)) assert.deepEqual(result, [false, true, 0, '<title>/x</title>', 0], name);
  });

  test('what the platform reads by itself: cache.put, compileStreaming, also after a look at the body', async () => {
    assert.deepEqual(await page.evaluate(async () => {
      const fetch = make({ concurrency: 10 });
      const cache = await caches.open('test');
      const responses = await Promise.all(['/x', '/x?again'].map((url) => fetch(url)));
      responses[1].body.locked;
      responses[1].body.getReader().releaseLock();
      await Promise.all(responses.map((response) => cache.put(response.url, response)));
      const cached = await (await caches.match('/x?again')).text();
      const used = responses.map(({ bodyUsed, body }) => [bodyUsed, body.locked]);
      const wasm = await WebAssembly.compileStreaming(fetch('/small.wasm'));
      return [cached, used, wasm instanceof WebAssembly.Module, String(await rejection(responses[1].text()))];
    }), ['<title>/x</title>', [[true, true], [true, true]], true, "TypeError: Failed to execute 'text' on 'Response': body stream already read"]);
  });

  test('the valve: bodies the platform has read do not block the lane, and nobody is warned of them', async () => {
    const warnings = [];
    page.on('console', (message) => warnings.push(message.text()));
    assert.deepEqual(await page.evaluate(async () => {
      const fetch = make({ unreadGrace: 20 });
      await WebAssembly.compileStreaming(fetch('/small.wasm'));
      const text = await (await fetch('/x')).text();
      return [text, fetch.stats.recalled];
    }), ['<title>/x</title>', 1]);
    assert.deepEqual(warnings, []);
  });

  test('aborts in every phase, with the very reason', async () => {
    assert.deepEqual(await page.evaluate(async () => {
      const results = {};
      for (const phase of ['line', 'flight', 'text', 'reader', 'closed', 'later']) {
        const fetch = make();
        if (phase === 'line') fetch('/endless').catch(() => {});
        const controller = new AbortController();
        const reason = { phase };
        let promise = fetch(phase === 'flight' ? '/x?slow' : '/endless', { signal: controller.signal });
        if (phase !== 'line' && phase !== 'flight') {
          const response = await promise;
          const { body } = response;
          if (phase === 'text') promise = response.text();
          if (phase === 'reader') promise = (async (reader) => { for (;;) await reader.read(); })(body.getReader());
          if (phase === 'closed') promise = body.getReader().closed;
          if (phase === 'later') {
            controller.abort(reason);
            promise = response.text();
          }
        }
        controller.abort(reason);
        results[phase] = [(await rejection(promise)) === reason, (await quiet(fetch, phase !== 'line')).running];
      }
      return results;
    }), { line: [true, 1], flight: [true, 0], text: [true, 0], reader: [true, 0], closed: [true, 0], later: [true, 0] });
  });

  test('timeouts end what is in flight and what is read', async () => {
    assert.deepEqual(await page.evaluate(async () => {
      const phases = [];
      const fetch = make();
      for (const pond of [{ bodyTimeout: 50 }, { totalTimeout: 50 }]) {
        const response = await fetch('/endless', { pond });
        phases.push((await rejection(response.text())).phase, (await quiet(fetch)).running);
      }
      return phases;
    }), ['body', 0, 'total', 0]);
  });

  test("argument errors are fetch's own", async () => {
    const [ours, native] = await page.evaluate(async () => {
      const bad = [[], ['http://u:p@x/'], ['/x', { priority: 'urgent' }], ['/x', { body: 'x' }], ['/x', { signal: 5 }], ['http://[']];
      const limited = make();
      const names = async (fetch) => Promise.all(bad.map(async (args) => (await rejection(fetch(...args))).name));
      return [await names(limited), await names(globalThis.fetch)];
    });
    assert.deepEqual(ours, native);
  });

  test('referrer and its policy reach the server', async () => {
    const server = await serve((request, response) => {
      response.writeHead(200, { 'access-control-allow-origin': '*' }).end(request.headers.referer ?? 'none');
    });
    try {
      assert.deepEqual(await page.evaluate(async (origin) => {
        const fetch = make();
        const referrer = async (init) => (await fetch(origin, init)).text();
        return [await referrer({ referrerPolicy: 'unsafe-url' }), await referrer({ referrerPolicy: 'no-referrer' }), await referrer({ referrer: '' }),
          await referrer({ referrer: '/elsewhere', referrerPolicy: 'unsafe-url' })];
      }, server.origin), [`${home.origin}/page`, 'none', 'none', `${home.origin}/elsewhere`]);
    } finally {
      await server.close();
    }
  });

  test('a service worker that limits: navigations, scripts and fetches all pass', async () => {
    const context = await browser.newContext();
    try {
      const tab = await context.newPage();
      await throughWorker(tab, home.origin, '/page?through-the-worker');
      assert.equal(await tab.title(), '/page');
      const texts = await tab.evaluate(() => Promise.all(Array.from({ length: 8 }, async (_, i) => (await fetch(`/x?${i}`)).text())));
      assert.deepEqual(new Set(texts), new Set(['<title>/x</title>']));
    } finally {
      await context.close();
    }
  });
});
