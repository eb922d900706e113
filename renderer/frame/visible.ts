/** Calls now and then again while the page can be seen, until the function that this returns is called. */
export function whileVisible(everyMs: number, look: () => void): () => void {
  const seen = () => {
    if (document.visibilityState === 'visible') look();
  };
  seen();
  const timer = setInterval(seen, everyMs);
  document.addEventListener('visibilitychange', seen);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', seen);
  };
}
