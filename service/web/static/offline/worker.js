// The service worker: what of a page's requests goes through it, and to which part. A kiosk's never do.
addEventListener("install", (event) => event.waitUntil(pages.install().then(() => self.skipWaiting())));
addEventListener("activate", (event) => event.waitUntil(pages.replaceOld().then(() => clients.claim())));

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname, search } = new URL(request.url);
  if (origin !== location.origin || /^\/(kiosk|api)(\/|$)/.test(pathname)) return;
  const isPage = request.mode === "navigate";
  if (isPage && request.method === "GET") event.respondWith(pages.page(event));
  else if (isPage && request.method === "POST") event.respondWith(outbox.answer(event));
  else if (request.method !== "GET") return;
  else if (pathname.startsWith("/static/") && search.startsWith("?v=")) event.respondWith(pages.file(request));
  else if (/^\/cases\/[\d-]+\/photos\//.test(pathname) && search === "?small=true") event.respondWith(pages.photo(event));
});

addEventListener("message", (event) => {
  const { what, key, address, files } = event.data;
  if (what === "ours") outbox.announce(key);
  if (what === "send") event.waitUntil(outbox.send());
  if (what === "visited") event.waitUntil(pages.visited(address, files));
});
addEventListener("sync", (event) => event.waitUntil(outbox.send()));
