/** Turns every way in which the helper can end, or fail to start, into a state and a sentence for the person. */
import type { HelperState } from '../../shared/console.ts';
import { HELPER_PROTOCOL, type HelperErrorCode } from '../../shared/helper.ts';
import type { Failure } from '../../shared/result.ts';

export interface Ending {
  readonly state: HelperState;
  /** One or two sentences: what is true now, and the next step where there is one. */
  readonly reason: string;
  /** Whether starting again without being asked makes sense. */
  readonly retry: boolean;
}

/** How the helper is started: by pkexec, which asks; directly, since the engine is root; as a test double. */
export type Route = 'pkexec' | 'direct' | 'double';

export interface Exit {
  readonly route: Route;
  readonly file: string;
  readonly code: number | null;
  readonly signal: string | null;
  /** errno's name, where the process could not be started at all. */
  readonly spawnError?: string;
  /** Whether it had said hello. */
  readonly greeted: boolean;
  /** Whether its last frame was cut off. */
  readonly midFrame: boolean;
  /** The last lines of its stderr. */
  readonly stderr: string;
}

const BUILD_AGAIN = 'Build Merlon again with: npm run build';

/** What the process's end means, where neither the engine nor the protocol ended it. */
export function endingOf(exit: Exit): Ending {
  if (exit.spawnError !== undefined) return notSpawned(exit, exit.spawnError);
  if (exit.signal !== null) return crashed(`The helper ended by ${exit.signal}.`);
  if (exit.route === 'pkexec' && !exit.greeted && exit.code === 126)
    return { state: 'dismissed', reason: 'You dismissed the password dialog.', retry: false };
  if (exit.route === 'pkexec' && !exit.greeted && exit.code === 127) return refusedByPkexec(exit.stderr);
  if (exit.code !== null && LAUNCHER_CODES.has(exit.code)) {
    return final('failed', `The helper refused to run: ${lastWords(exit.stderr)}`);
  }
  if (exit.midFrame) return crashed('The helper ended in the middle of a frame.');
  return crashed(`The helper ended with exit code ${exit.code}.`);
}

/** The helper's hello shows that it was built from other sources. */
export function endingOfMismatch(protocol: number): Ending {
  const what =
    protocol === HELPER_PROTOCOL
      ? 'Helper and engine were built from different record layouts.'
      : `The helper speaks protocol ${protocol}, the engine ${HELPER_PROTOCOL}.`;
  return final('failed', `${what} ${BUILD_AGAIN}`);
}

/** The helper answered `start` with a failure, or went away instead. */
export function endingOfFailure({ code, message, detail }: Failure<HelperErrorCode | 'gone'>): Ending {
  switch (code) {
    case 'layout_mismatch':
      return final('failed', `${message} ${BUILD_AGAIN}`);
    case 'no_memory':
      return crashed('The kernel had no memory for the sensor.');
    case 'failed':
    case 'gone':
      return crashed(detail === undefined ? message : `${message} ${lastWords(detail)}`);
    case 'rejected':
    case 'unsupported':
    case 'not_permitted':
    case 'already_started':
    case 'not_started':
    case 'bad_command':
      return final('failed', detail === undefined ? message : `${message} ${lastWords(detail)}`);
  }
}

/** The helper broke the protocol: a helper that is not ours, or a bug. */
export function endingOfBreach(what: string): Ending {
  return final('failed', `The helper broke the protocol (${what}) and was told to end. ${BUILD_AGAIN}`);
}

/** Sentences of the launcher and the helper (native/launcher, helper/index.ts) that come with these codes. */
const LAUNCHER_CODES: ReadonlySet<number> = new Set([
  64, // wrong use
  71, // the system refused something that it needs
  72, // its Node is missing
  77, // not root
  78, // setuid, or another user can write its files
  79, // a capability too many
]);

function notSpawned({ route, file }: Exit, error: string): Ending {
  if (route === 'pkexec' && error === 'ENOENT') {
    return final(
      'failed',
      'Merlon’s sensor needs root, and pkexec is not installed. Install it (Debian, Ubuntu: apt install pkexec) or start Merlon as root.',
    );
  }
  if (error === 'ENOENT') return final('failed', `The helper is missing at ${file}. ${BUILD_AGAIN}`);
  return final('failed', `The helper at ${file} could not be started: ${error}.`);
}

function refusedByPkexec(stderr: string): Ending {
  if (/no authentication agent/i.test(stderr)) {
    return final(
      'not_authorised',
      'No authentication agent runs that could ask for a password. Start Merlon in a desktop session, in a terminal, or as root.',
    );
  }
  if (/not authori[sz]ed/i.test(stderr))
    return final('not_authorised', 'polkit did not authorise you to start the helper.');
  if (/getting authority|bus|polkit/i.test(stderr))
    return final('failed', `pkexec could not ask polkit: ${lastWords(stderr)}`);
  return final('failed', `pkexec did not start the helper: ${lastWords(stderr)}`);
}

function crashed(reason: string): Ending {
  return { state: 'failed', reason, retry: true };
}

function final(state: HelperState, reason: string): Ending {
  return { state, reason, retry: false };
}

/** The last line that was said, without the program's name before it. */
function lastWords(text: string): string {
  const line = text
    .split('\n')
    .map((each) => each.trim())
    .findLast((each) => each !== '' && !/^This incident has been reported/.test(each));
  return (line ?? 'it did not say why.').replace(/^merlon-helper: (ends: )?/, '');
}
