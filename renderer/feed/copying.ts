import { toasts } from '../state/toasts.svelte.ts';
import { copyText } from '../ui/copy.ts';

/** Puts a text on the clipboard and says so. */
export async function copyAs(text: string, said: string): Promise<void> {
  if (await copyText(text)) toasts.say({ text: said });
  else toasts.fail('The clipboard refused the text. Select it and copy it by hand.');
}
