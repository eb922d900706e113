import { Notification } from 'electron';
import type { Note } from './news.ts';
import { plainText } from './plain-text.ts';

/** Shows it where the desktop has notifications. @param open what a click on it does. */
export function notify({ title, body }: Note, open: () => void): void {
  if (!Notification.isSupported()) return;
  const notification = new Notification({ title: plainText(title), body: plainText(body) });
  notification.on('click', () => open());
  notification.show();
}
