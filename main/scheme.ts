import { protocol, type Session } from 'electron';
import type { PageFile } from './files.ts';
import { SECURITY_HEADERS } from './policy.ts';

const SCHEME = 'merlon';

/** Where the window's page comes from: our own scheme, so that no file: and no http: is ever open to it. */
export const PAGE_ORIGIN = `${SCHEME}://console`;
export const PAGE_URL = `${PAGE_ORIGIN}/`;

/** Must run before the app is ready. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ]);
}

/** Whether an address is the page's own. Electron gives `URL.origin` as "null" for schemes it does not know. */
export function isPageUrl(address: string): boolean {
  const url = URL.parse(address);
  return url !== null && url.protocol === `${SCHEME}:` && url.host === 'console';
}

/** Serves the built page in this session, and refuses every other address. */
export function servePage(session: Session, files: ReadonlyMap<string, PageFile>): void {
  session.protocol.handle(SCHEME, (request) => {
    const file = isPageUrl(request.url) ? files.get(new URL(request.url).pathname) : undefined;
    if (file === undefined) return new Response('There is nothing here.', { status: 404 });
    return new Response(new Uint8Array(file.body), {
      headers: { ...SECURITY_HEADERS, 'Content-Type': file.type },
    });
  });
  session.webRequest.onBeforeRequest((details, answer) => {
    answer({ cancel: !isPageUrl(details.url) && !details.url.startsWith('devtools:') });
  });
}
