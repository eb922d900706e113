/** An IP address as 32-bit words: one for IPv4, four for IPv6. */
type Address = readonly number[];

/** The test whether an address (as text) lies in a network: `10.0.0.0/8`, `fe80::/10`, or one address. */
export function compileNetwork(text: string): ((address: string) => boolean) | undefined {
  const [base, length, ...rest] = text.split('/');
  if (base === undefined || rest.length > 0) return undefined;
  const network = parseAddress(base);
  if (network === undefined) return undefined;
  const most = network.length * 32;
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined;
  const bits = length === undefined ? most : Number(length);
  if (bits > most) return undefined;
  const masks = network.map((_, i) => maskOf(Math.max(0, Math.min(32, bits - 32 * i))));
  const wanted = network.map((word, i) => (word & masks[i]!) >>> 0);
  return (address) => {
    const words = parseAddress(address);
    return (
      words !== undefined &&
      words.length === wanted.length &&
      words.every((word, i) => (word & masks[i]!) >>> 0 === wanted[i])
    );
  };
}

const maskOf = (bits: number) => (bits === 0 ? 0 : (-1 << (32 - bits)) >>> 0);

function parseAddress(text: string): Address | undefined {
  return text.includes(':') ? parseV6(text) : parseV4(text);
}

function parseV4(text: string): Address | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return undefined;
  let word = 0;
  for (const part of match.slice(1)) {
    if (Number(part) > 255) return undefined;
    word = word * 256 + Number(part);
  }
  return [word];
}

function parseV6(text: string): Address | undefined {
  if (text.length > 45) return undefined;
  let source = text;
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (tail) {
    const word = parseV4(tail[2]!)?.[0];
    if (word === undefined) return undefined;
    source = `${tail[1]}${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`;
  }
  const halves = source.split('::');
  if (halves.length > 2) return undefined;
  const [head, rest] = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (head === undefined) return undefined;
  const missing = 8 - head.length - (rest?.length ?? 0);
  if (rest === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = rest === undefined ? head : [...head, ...Array<string>(missing).fill('0'), ...rest];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  const words: number[] = [];
  for (let i = 0; i < 8; i += 2) words.push(parseInt(groups[i]!, 16) * 65536 + parseInt(groups[i + 1]!, 16));
  return words;
}
