/**
 * Hot reload for the page: `MERLON_WEB=http://127.0.0.1:7411 vite --config build/vite.dev.config.ts`.
 * The page comes from Vite, its WebSocket from the web face at MERLON_WEB. Open the web face's link first: the cookie
 * that it sets holds for every port of 127.0.0.1, and the proxy makes Host and Origin those of the web face.
 */
import { defineConfig } from 'vite';
import { renderer } from '../electron.vite.config.ts';

const target = process.env['MERLON_WEB'];
if (target === undefined) throw new Error('MERLON_WEB must be the URL of a running web face');

export default defineConfig({
  ...renderer,
  server: {
    host: '127.0.0.1',
    port: 5173,
    proxy: { '/ws': { target, ws: true, changeOrigin: true, rewriteWsOrigin: true } },
  },
});
