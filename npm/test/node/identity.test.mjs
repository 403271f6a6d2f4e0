// The response is the very object the platform's fetch gave, and in everything a program can see it is as that of plain fetch: so each check
// is made of both, and the answers are compared. In Node, and in Chromium (the one in $CHROMIUM, else /usr/bin/chromium, or not at all).
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { createFetch } from 'millpond';
import { chromium } from 'playwright-core';
import { Agent } from 'undici';
import { startOrigin } from './origins.mjs';
import { throughWorker } from './pages.mjs';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const WASM = Buffer.from([0, 97, 115, 109, 1, 0, 0, 0]);
const WORKER = `
  import { createFetch } from '/index.js';
  const limited = createFetch({ concurrency: 2, unreadGrace: 100 });
  addEventListener('install', () => skipWaiting());
  addEventListener('activate', (event) => event.waitUntil(clients.claim()));
  addEventListener('fetch', (event) => {
    if (!event.request.url.includes('worker-off')) event.respondWith(limited(event.request));
  });
`;
const FILES = {
  '/index.js': { type: 'text/javascript', body: readFileSync(new URL('../../dist/index.js', import.meta.url)) },
  '/worker.js': { type: 'text/javascript', body: WORKER },
  '/page': { type: 'text/html', body: '<title>page</title>' },
  '/small.wasm': { type: 'application/wasm', body: WASM },
  '/not.wasm': { type: 'text/plain', body: WASM },
  '/form': { type: 'multipart/form-data; boundary=b', body: '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n' },
  '/json': { type: 'application/json', body: '{"a":1}' },
  '/bad.json': { type: 'application/json', body: '{"a' },
};

/** What can be seen of a response. Runs in pages, too: uses nothing from outside. */
async function portrait(fetch, url, init) {
  const attempt = (act) => {
    try {
      return String(act());
    } catch (error) {
      return error.name;
    }
  };
  const outcome = (promise) => Promise.resolve(promise).then((value) => (value instanceof Blob ? `${value.type} ${value.size}` : JSON.stringify(value) ?? String(value)), (error) => error.name);
  const look = (response) => ({
    ...Object.fromEntries(['url', 'type', 'redirected', 'status', 'statusText', 'ok', 'bodyUsed'].map((name) => [name, response[name]])),
    headers: [...response.headers].filter(([name]) => name !== 'date'),
    guard: attempt(() => response.headers.set('x', 'y')),
    isResponse: response instanceof Response,
    isStream: response.body instanceof ReadableStream,
    body: response.body === null ? null : [response.body === response.body, response.body.locked],
    brand: Object.prototype.toString.call(response),
    prototype: Object.getPrototypeOf(response) === Response.prototype,
    keys: Object.keys(response),
    spread: Object.keys({ ...response }),
    json: JSON.stringify(response),
    cloned: attempt(() => structuredClone(response)),
  });
  const get = () => fetch(url, init);
  const response = await get();
  const seen = { first: look(response) };
  const copy = response.clone();
  seen.copy = [look(copy), copy === response, response.bodyUsed];
  seen.text = [await outcome(copy.text()), await outcome(response.text())];
  seen.used = [response.bodyUsed, copy.bodyUsed, response.body?.locked, await outcome(response.text()), attempt(() => response.clone())];
  for (const name of ['arrayBuffer', 'blob', 'json', 'formData', ...('bytes' in Response.prototype ? ['bytes'] : [])]) seen[name] = await outcome((await get())[name]());
  seen.byPrototype = await outcome(Response.prototype.text.call(await get()));
  const rebuilt = await get();
  seen.rebuilt = await outcome((async () => new Response(rebuilt.body, rebuilt).text())());
  const locked = await get();
  if (locked.body) {
    const reader = locked.body.getReader();
    seen.locked = [locked.body.locked, attempt(() => locked.clone()), await outcome(locked.text()), attempt(() => locked.body.getReader())];
    reader.releaseLock();
    seen.unlocked = [locked.body.locked, locked.bodyUsed, await outcome(locked.text())];
    const cancelled = await get();
    seen.cancelled = [await outcome(cancelled.body.cancel('why')), cancelled.bodyUsed, await outcome(cancelled.text())];
  }
  return seen;
}

/** The paths every kind of response is got from; `other` is another origin. */
const cases = (home, other) => ({
  'a body': ['/?id=1'],
  'another origin': [`${other}/?id=1`],
  'a redirect': [`/?status=302&location=${encodeURIComponent('/?id=2')}`],
  'a redirect to another origin': [`/?status=307&location=${encodeURIComponent(`${other}/?id=2`)}`],
  'a redirect left alone': ['/?status=302&location=/json', { redirect: 'manual' }],
  'not found': ['/?status=404'],
  'no content': ['/?status=204'],
  'not modified': ['/?status=304'],
  'an empty body': ['/?size=0'],
  'only the headers': ['/json', { method: 'HEAD' }],
  json: ['/json'],
  'json that is none': ['/bad.json'],
  'a form': ['/form'],
  'no CORS': [`${other}/?id=1`, { mode: 'no-cors' }],
  'no scheme of the web': ['data:text/plain,hello'],
  ...Object.fromEntries(Object.entries({ bodyTimeout: 10_000, releaseOn: 'headers' }).map(([name, value]) => [`with ${name}`, ['/json', { pond: { [name]: value } }]])),
});

describe('in Node', () => {
  let home;
  let other;
  before(async () => { [home, other] = await Promise.all([startOrigin('http', {}, FILES), startOrigin('http', {}, FILES)]); });
  after(() => Promise.all([home.close(), other.close()]));

  for (const [what, [path, init]] of Object.entries(cases('', 'other:'))) {
    if (init?.mode) continue; // Node knows of no opaque responses.
    test(`as plain fetch: ${what}`, async () => {
      const url = new URL(path.replaceAll('other%3A', encodeURIComponent(other.origin)).replace(/^other:/, other.origin), home.origin).href;
      const limited = createFetch({ concurrency: 20, unreadGrace: 10 });
      const [ours, plain] = [await portrait(limited, url, init), await portrait(globalThis.fetch, url, init)];
      assert.deepEqual(ours, plain);
    });
  }

  test('the check fails for a response that is rebuilt', async () => {
    const rebuilding = async (...args) => {
      const response = await globalThis.fetch(...args);
      return new Response(response.body, response);
    };
    const url = `${home.origin}/json`;
    assert.notDeepEqual(await portrait(rebuilding, url), await portrait(globalThis.fetch, url));
  });

  test('the very object', async () => {
    let given;
    const limited = createFetch({ fetch: async (request) => (given = await globalThis.fetch(request)) });
    const response = await limited(home.origin);
    assert.equal(response, given);
    await response.text();
  });

  test('WebAssembly takes it', async () => {
    const limited = createFetch({ concurrency: 1, unreadGrace: 10 });
    const wasm = `${home.origin}/small.wasm`;
    assert.ok((await WebAssembly.compileStreaming(limited(wasm))) instanceof WebAssembly.Module);
    assert.ok((await WebAssembly.instantiateStreaming(limited(wasm))).instance instanceof WebAssembly.Instance);
    const looked = await limited(wasm);
    assert.equal(looked.body.locked, false);
    assert.ok((await WebAssembly.compileStreaming(looked)) instanceof WebAssembly.Module);
    await assert.rejects(WebAssembly.compileStreaming(limited(`${home.origin}/not.wasm`)), TypeError);
  });

  test("undici's dispatcher of one call gets through", async () => {
    let dispatched = 0;
    class Counting extends Agent {
      dispatch(...args) {
        dispatched++;
        return super.dispatch(...args);
      }
    }
    const dispatcher = new Counting();
    const limited = createFetch();
    await (await limited(home.origin, { dispatcher })).text();
    assert.equal(dispatched, 1);
    await dispatcher.close();
  });
});

describe('in Chromium', { skip: !existsSync(executablePath) }, () => {
  let home;
  let other;
  let browser;
  let page;

  before(async () => {
    [home, other] = await Promise.all([startOrigin('http', {}, FILES), startOrigin('http', {}, FILES)]);
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    page = await browser.newPage();
    await page.goto(`${home.origin}/page`);
    await page.evaluate(async (portrait) => {
      const { createFetch } = await import('/index.js');
      Object.assign(globalThis, { createFetch, portrait: new Function(`return ${portrait}`)() });
    }, portrait.toString());
  });
  after(async () => {
    await browser?.close();
    await Promise.all([home?.close(), other?.close()]);
  });

  for (const [what, [path, init]] of Object.entries(cases('', 'other:'))) {
    test(`as plain fetch: ${what}`, async () => {
      const url = path.replaceAll('other%3A', encodeURIComponent(other.origin)).replace(/^other:/, other.origin);
      const [ours, plain] = await page.evaluate(async ([url, init]) => [
        await portrait(createFetch({ concurrency: 20, unreadGrace: 10 }), url, init), await portrait(fetch, url, init),
      ], [url, init]);
      assert.deepEqual(ours, plain);
    });
  }

  test('what a cache keeps of it: address, kind, headers, and every byte', async () => {
    const [ours, plain] = await page.evaluate(async (other) => {
      const cache = await caches.open('identity');
      const kept = async (fetch, name) => {
        const seen = [];
        for (const [path, init, use] of [
          ['/?id=1'], ['/json', {}, (response) => response.body.locked], [`${other}/?id=2`], [`${other}/?id=3`, { mode: 'no-cors' }],
          ['/json', {}, (response) => response.clone()], [`/?status=302&location=${encodeURIComponent('/json')}`],
        ]) {
          const response = await fetch(path, init);
          use?.(response);
          await cache.put(`/kept-${name}-${seen.length}`, response);
          const match = await cache.match(`/kept-${name}-${seen.length}`);
          seen.push([response.bodyUsed, match.url, match.type, match.redirected, match.status, [...match.headers].filter(([key]) => key !== 'date'), await match.text()]);
        }
        return seen;
      };
      return [await kept(createFetch({ concurrency: 20, unreadGrace: 10 }), 'ours'), await kept(fetch, 'plain')];
    }, other.origin);
    assert.deepEqual(ours, plain);
  });

  test('WebAssembly takes it, or refuses it as it should', async () => {
    assert.deepEqual(await page.evaluate(async () => {
      const limited = createFetch({ concurrency: 1, unreadGrace: 10 });
      const { instance } = await WebAssembly.instantiateStreaming(limited('/small.wasm'));
      const refused = await WebAssembly.compileStreaming(limited('/not.wasm')).catch((error) => error.name);
      const missing = await WebAssembly.compileStreaming(limited('/small.wasm', { method: 'HEAD' })).catch((error) => error.name);
      return [instance instanceof WebAssembly.Instance, refused, missing];
    }), [true, 'TypeError', 'CompileError']);
  });

  test('a stream of text is read in the sight of the lane, where there is one', async (t) => {
    if (!(await page.evaluate(() => 'textStream' in Response.prototype))) return t.skip('not in this browser');
    const [ours, plain, running] = await page.evaluate(async () => {
      const seen = async (fetch) => {
        const response = await fetch('/json');
        const reader = response.textStream().getReader();
        const attempt = (act) => { try { return String(act()); } catch (error) { return error.name; } };
        const first = [response.bodyUsed, response.body.locked, attempt(() => response.textStream()), attempt(() => response.clone())];
        const locked = await fetch('/json');
        locked.body.getReader();
        return [first, await reader.read(), await reader.read(), attempt(() => locked.textStream())];
      };
      const limited = createFetch({ concurrency: 1, unreadGrace: Infinity });
      const controller = new AbortController();
      const response = await limited('/?chunks=2&end=hang', { signal: controller.signal });
      const reader = response.textStream().getReader();
      await reader.read();
      const running = [limited.stats.running];
      controller.abort('why');
      running.push(await reader.read().catch((error) => error), limited.stats.running);
      for (const use of [(stream) => stream.cancel(), async (stream) => { for await (const _ of stream); }]) {
        globalThis.kept = await limited('/?chunks=2&gap=5&size=100');
        await use(kept.textStream());
        // In real time, as the browser's network is.
        for (let i = 0; i < 100 && limited.stats.running; i++) await new Promise((resolve) => setTimeout(resolve, 5));
        running.push(limited.stats.running);
        kept.body?.cancel().catch(() => {});
      }
      return [await seen(createFetch({ concurrency: 2 })), await seen(fetch), running];
    });
    assert.deepEqual(ours, plain);
    assert.deepEqual(running, [1, 'why', 0, 0, 0]);
  });

  test('what a page gets by a service worker is as without it', async () => {
    const context = await browser.newContext();
    try {
      const tab = await context.newPage();
      await throughWorker(tab, home.origin, '/page?by-the-worker');
      assert.equal(await tab.title(), 'page');
      const redirect = (query) => `/?status=302&location=${encodeURIComponent(`/json?${query}`)}`;
      const [by, without] = await tab.evaluate(async ([other, ...paths]) => {
        const seen = async (query) => {
          const look = async (path, init) => {
            const { type, status, redirected, url, ...rest } = await fetch(path + query, init).then(async (response) => ({
              type: response.type, status: response.status, redirected: response.redirected, url: response.url, text: await response.text(),
            }));
            return { type, status, redirected, url: url.replace(query, ''), ...rest };
          };
          const image = await new Promise((resolve) => {
            const script = Object.assign(document.createElement('script'), { src: `${other}/index.js?${query}`, type: 'text/javascript' });
            script.onload = () => resolve('loaded');
            script.onerror = () => resolve('failed');
            document.head.append(script);
          });
          return [await look('/json?'), await look(`${other}/json?`), await look(`${other}/json?`, { mode: 'no-cors' }), await look('/?status=204&x='),
            await look('/json?', { method: 'POST', body: 'x' }), await look(paths[0] + encodeURIComponent('&x=')), image];
        };
        return [await seen('worker-on'), await seen('worker-off')];
      }, [other.origin, redirect('')]);
      assert.deepEqual(by, without);
    } finally {
      await context.close();
    }
  });
});
