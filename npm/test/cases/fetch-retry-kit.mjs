// What the tests of requests that are sent again share.
import { createFetch } from 'millpond';

export const URL_A = 'https://a.example/';
export const ORIGIN = 'https://a.example';

/** A fetch whose base answers with what is in `answers`, in order, the last one for ever: a status, `[status, headers]`, an Error, a function. */
export function serving(clock, answers, options) {
  const sent = [];
  const fetch = async (request) => {
    const at = clock.time;
    // Not waited for: platforms take their time to read a body, and that of the clock is virtual.
    const record = { at, request, body: request.body === null ? '' : request.text() };
    const answer = answers[Math.min(sent.length, answers.length - 1)];
    sent.push(record);
    if (answer instanceof Error) throw answer;
    if (typeof answer === 'function') return answer(request);
    const [status, headers] = [answer].flat();
    return (record.response = new Response(`body of ${status}`, { status, headers }));
  };
  return { limited: createFetch({ concurrency: 2, fetch, ...options }), sent };
}

/** When they were sent. */
export const times = (sent) => sent.map(({ at }) => at);
