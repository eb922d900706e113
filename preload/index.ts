/** Exposes `window.merlon`, the contract's Console, and nothing else: no channel that the contract does not name. */
import { contextBridge, ipcRenderer, type IpcRendererEvent } from 'electron';
import { NOTICE_NAMES, isRequestName, type Console } from '../shared/console.ts';
import { fail } from '../shared/result.ts';

// As in main/ipc.ts, which this zone may not import.
const CLOSED = 'merlon:closed';
const TAKEN = 'merlon:taken';

const notices: readonly string[] = NOTICE_NAMES;

function listen(channel: string, listener: (value: unknown) => void): () => void {
  const heard = (_event: IpcRendererEvent, value: unknown) => listener(value);
  ipcRenderer.on(channel, heard);
  return () => void ipcRenderer.off(channel, heard);
}

// One acknowledgement for each notice, whoever listens: the host stops reading from the engine without them.
for (const name of NOTICE_NAMES) listen(name, () => ipcRenderer.send(TAKEN));

const merlon: Pick<Console, 'on' | 'onClose'> & { request(name: string, input: unknown): Promise<unknown> } =
  {
    request: (name, input) =>
      isRequestName(name)
        ? ipcRenderer.invoke(name, input)
        : Promise.resolve(fail('bad_request', 'The contract has no such request.')),
    on: (name, listener) =>
      notices.includes(name) ? listen(name, (value) => listener(value as never)) : () => undefined,
    onClose: (listener) => listen(CLOSED, () => listener()),
  };

contextBridge.exposeInMainWorld('merlon', merlon);
