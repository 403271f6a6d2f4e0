// How any host tells the runner's server what happens in it. What goes wrong before the cases run is told, too.
const { fetch } = globalThis;

/** Plays what the bundle has and tells the server at `address` of it. */
export async function report(address, load) {
  const tell = async (message) => void await fetch(`${address}/report`, { method: 'POST', body: JSON.stringify(message) });
  try {
    const { run } = await load();
    await run(tell);
  } catch (error) {
    await tell({ broken: `${error}\n${error?.stack}` });
  }
}
