// How any host tells what happens in it. What goes wrong before the cases run is told, too.
const { fetch } = globalThis;

/** Plays what the bundle has. */
export async function report(load, tell = post) {
  try {
    const { run } = await load();
    await run(tell);
  } catch (error) {
    await tell({ broken: `${error}\n${error?.stack}` });
  }
}

/** To the server the page is from. */
async function post(message) {
  await fetch('/report', { method: 'POST', body: JSON.stringify(message) });
}
