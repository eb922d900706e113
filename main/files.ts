import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';

export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
  /** Its address never has another body: a browser may keep it. */
  readonly lasting?: true;
}

const ASSETS = '/assets/';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/**
 * The built page, whole, in memory: URL path → file. A request is looked up and never turned into a path,
 * so there is nothing to traverse. Files of other types are left out.
 * @throws where the folder cannot be read.
 */
export function readPage(folder: string): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(`/${relative(folder, path).split(sep).join('/')}`, { type, body: readFileSync(path) });
  }
  const index = files.get('/index.html');
  if (index !== undefined) files.set('/', index);
  return files;
}

/**
 * The same page with its assets at addresses of this run alone, where a browser may keep them: what another program
 * served at this port before, and the browser kept, is never taken for them.
 */
export function atAddressesOfThisRun(files: ReadonlyMap<string, PageFile>): ReadonlyMap<string, PageFile> {
  const folder = `/${randomBytes(16).toString('base64url')}${ASSETS}`;
  const moved = new Map<string, PageFile>();
  for (const [path, file] of files) {
    if (path.startsWith(ASSETS)) moved.set(path.replace(ASSETS, folder), { ...file, lasting: true });
    else moved.set(path, path.endsWith('.html') || path === '/' ? linked(file, folder) : file);
  }
  return moved;
}

/** A document whose links lead into that folder. */
function linked(document: PageFile, folder: string): PageFile {
  return { ...document, body: Buffer.from(document.body.toString().replaceAll(`.${ASSETS}`, `.${folder}`)) };
}
