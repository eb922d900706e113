/** The page for who comes without a session: plain, without script, and with nothing of the request in it. */
export function noSessionPage(why: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Merlon</title>
<h1>Merlon does not know this browser</h1>
<p>${why}</p>
<p>Get a link with <code>npm start</code> in Merlon’s folder, or with <code>merlon open</code>, and open it in this browser. Each link works once, for two minutes.</p>
</html>
`;
}
