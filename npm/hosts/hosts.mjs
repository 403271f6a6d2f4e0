// Every host the package promises to work in, and how one is started to play the cases.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const page = (name) => fileURLToPath(new URL(`pages/${name}.mjs`, import.meta.url));
const runtime = (name) => fileURLToPath(new URL(`node_modules/.bin/${name}`, import.meta.url));

const CHROMIUM = '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

/** Nothing is sent home or fetched, and the first page is ours. */
const FIREFOX = `
user_pref("app.normandy.enabled", false);
user_pref("app.update.enabled", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("dom.disable_open_during_load", false);
user_pref("extensions.update.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "");
user_pref("toolkit.telemetry.enabled", false);
`;

const chromium = (page) => ({ address, folder }) => [process.env.CHROMIUM ?? '/usr/bin/chromium', ...CHROMIUM.split(' '), `--user-data-dir=${folder}`, `${address}/${page}`];

/** Name, and the command line for the cases' folder and bundle, the server's address and an empty folder. */
export const HOSTS = {
  'node-test': ({ files }) => [process.execPath, page('node-test'), files],
  'node': ({ bundle }) => [process.execPath, page('program'), pathToFileURL(bundle).href],
  'bun': ({ bundle }) => [runtime('bun'), page('program'), pathToFileURL(bundle).href],
  'deno': ({ bundle }) => [runtime('deno'), 'run', '--quiet', '--no-config', '--allow-all', page('program'), pathToFileURL(bundle).href],
  'chromium-window': chromium('cases'),
  'chromium-worker': chromium('dedicated'),
  'chromium-service-worker': chromium('service'),
  'firefox': async ({ address, folder }) => {
    await writeFile(join(folder, 'user.js'), FIREFOX);
    return [process.env.FIREFOX ?? 'firefox-esr', '--headless', '--no-remote', '--profile', folder, `${address}/cases`];
  },
};
