import { gzipSync } from 'node:zlib';
import type { Diagnostics } from '../../shared/console.ts';
import { tarFile } from '../store/tar.ts';

/** A gzipped tar archive, small enough to be held in memory. */
export function bundleOf(
  madeMs: number,
  files: readonly { readonly name: string; readonly text: string }[],
): Diagnostics['bundle'] {
  const stamp = new Date(madeMs).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  const folder = `merlon-doctor-${stamp}`;
  const contents = files.map(({ name, text }) => ({ name, bytes: Buffer.from(text) }));
  const blocks = contents.map(({ name, bytes }) => tarFile(`${folder}/${name}`, bytes, madeMs));
  const archive = gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
  return {
    name: `${folder}.tar.gz`,
    base64: archive.toString('base64'),
    files: contents.map(({ name, bytes }) => ({ name, bytes: bytes.length })),
  };
}
