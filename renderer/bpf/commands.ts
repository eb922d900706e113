/** What the page does, for the command menu and the keys. */
import type { Command } from '../state/commands.svelte.ts';
import type { BpfState } from './bpf.svelte.ts';

export interface Acts {
  readonly refresh: () => void;
  readonly canAsk: () => boolean;
  readonly search: () => void;
  readonly move: (by: number) => void;
  readonly hasRows: () => boolean;
  readonly out: () => void;
  readonly take: () => void;
}

export function bpfCommands(bpf: BpfState, acts: Acts): readonly Command[] {
  const group = 'BPF';
  const known = () => bpf.inventory !== undefined;
  return [
    {
      id: 'bpf.refresh',
      title: 'Look at BPF again',
      group,
      keys: 'r',
      words: 'refresh reload inventory',
      enabled: acts.canAsk,
      run: acts.refresh,
    },
    {
      id: 'bpf.search',
      title: 'Filter BPF',
      group,
      keys: '/',
      words: 'search',
      enabled: known,
      run: acts.search,
    },
    { id: 'bpf.next', title: 'Next row', group, keys: 'j', enabled: acts.hasRows, run: () => acts.move(1) },
    {
      id: 'bpf.previous',
      title: 'Previous row',
      group,
      keys: 'k',
      enabled: acts.hasRows,
      run: () => acts.move(-1),
    },
    {
      id: 'bpf.out',
      title: 'Leave the selection',
      group,
      keys: 'Escape',
      enabled: () => (bpf.view === 'maps' ? bpf.map : bpf.program) !== undefined || bpf.search !== '',
      run: acts.out,
    },
    {
      id: 'bpf.programs',
      title: 'Show BPF programs',
      group,
      enabled: known,
      run: () => bpf.show('programs'),
    },
    { id: 'bpf.maps', title: 'Show BPF maps', group, enabled: known, run: () => bpf.show('maps') },
    {
      id: 'bpf.changes',
      title: 'Show what of BPF is new or gone',
      group,
      words: 'diff changes baseline',
      enabled: known,
      run: () => bpf.show('changes'),
    },
    {
      id: 'bpf.take',
      title: 'Take this BPF as known…',
      group,
      words: 'baseline accept',
      enabled: () => known() && acts.canAsk(),
      run: acts.take,
    },
  ];
}
