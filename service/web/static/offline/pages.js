// Which pages and files the worker keeps, for whom, and what it shows without a line.
self.pages = (() => {
  const { version, noLine, shell, hours } = self.jiban;
  const FILES = `files-${version}`;
  const PUBLIC = `public-${version}`;
  const PRIVATE = `private-${version}-`;
  const NOBODY = "nobody";
  const FOR_ALL = ["/", "/submit", "/track"];
  const FOR_STAFF = /^\/(queue|cases\/\d{8}-\d+-\d)$/;
  const MOST = 200;
  const PATIENCE_MS = 8000;

  const drop = async (isOurs) => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => isOurs(name)).map((name) => caches.delete(name)));
  };
  const install = async () => (await caches.open(FILES)).addAll([noLine, ...shell]);
  const replaceOld = () => drop((name) => !name.includes(version));

  // Whose pages these are from now on: everything of another one is thrown away. "nobody": a sign-in is over, and what
  // was not sent yet waits for its owner.
  const settle = async (mark) => {
    if (!mark || mark === (await kept.fact("mark"))) return;
    await drop((name) => name.startsWith("private-") && name !== PRIVATE + mark);
    if (mark !== NOBODY) await kept.dropOthers(mark);
    await kept.note("mark", mark);
  };
  // Somebody signed out: nothing of theirs stays.
  const forget = async () => {
    await drop((name) => name.startsWith("private-"));
    await kept.dropOthers("");
    await kept.note("mark", NOBODY);
  };

  // A page is kept by its address without what it said once.
  const nameOf = (address) => {
    const url = new URL(address);
    url.searchParams.delete("done");
    return url.origin + url.pathname + url.search;
  };
  const cacheOf = (url, mark) => {
    if (mark === NOBODY) return FOR_ALL.includes(url.pathname) && !url.search ? PUBLIC : null;
    return mark && FOR_STAFF.test(url.pathname) ? PRIVATE + mark : null;
  };
  const store = async (name, address, response) => {
    const cache = await caches.open(name);
    const headers = new Headers(response.headers);
    headers.set("X-Kept-At", String(Date.now()));
    for (const unfit of ["Content-Encoding", "Content-Length"]) headers.delete(unfit);
    await cache.delete(address);
    await cache.put(address, new Response(await response.blob(), { headers }));
    const names = await cache.keys();
    for (const oldest of names.slice(0, Math.max(0, names.length - MOST))) await cache.delete(oldest);
  };
  const keep = (address, response) => {
    const mark = response.headers.get("X-Reader");
    const name = cacheOf(new URL(address), mark);
    const isKept = name && response.status === 200 && !response.redirected;
    const spare = isKept ? response.clone() : null;
    return settle(mark).then(() => spare && store(name, nameOf(address), spare));
  };

  const found = async (address) => {
    const own = PRIVATE + (await kept.fact("mark"));
    for (const name of [own, PUBLIC]) {
      const copy = (await caches.has(name)) && (await (await caches.open(name)).match(address));
      const age = copy ? Date.now() - Number(copy.headers.get("X-Kept-At")) : 0;
      if (copy && (name === PUBLIC || age < hours * 3600000)) return copy;
    }
    return null;
  };
  // The page says itself that it is a copy, and of when: static/offline/line.js reads it.
  const asCopy = async (copy) => {
    const html = await copy.text();
    const marked = html.replace("<html ", `<html data-copied-at="${copy.headers.get("X-Kept-At")}" `);
    return new Response(marked, { headers: copy.headers });
  };
  const page = async (event) => {
    const address = event.request.url;
    const copy = await found(nameOf(address));
    const patience = new Promise((_, fail) => copy && setTimeout(fail, PATIENCE_MS, new Error("slow")));
    const asked = fetch(event.request).then((response) => {
      event.waitUntil(keep(address, response));
      return response;
    });
    event.waitUntil(asked.catch(() => {}));
    return Promise.race([asked, patience]).catch(() => (copy ? asCopy(copy) : caches.match(noLine)));
  };

  const file = async (request) => {
    const cache = await caches.open(FILES);
    const known = await cache.match(request.url);
    if (known) return known;
    const response = await fetch(request);
    if (response.ok) await cache.put(request.url, response.clone());
    return response;
  };
  const photo = async (event) => {
    const mark = await kept.fact("mark");
    const response = await fetch(event.request).catch(() => null);
    if (!response) return (await found(event.request.url)) ?? Response.error();
    if (response.status === 200 && mark && mark !== NOBODY) {
      event.waitUntil(store(PRIVATE + mark, event.request.url, response.clone()));
    }
    return response;
  };
  // A page that was open before there was a worker, with its files.
  const visited = async (address, files) => {
    const url = new URL(address);
    // Asked anew, its form would get another key, and whoever goes back to it after sending would send it twice.
    const asked = { cache: "force-cache" };
    if (cacheOf(url, NOBODY) || FOR_STAFF.test(url.pathname)) await keep(address, await fetch(address, asked));
    await Promise.all(files.map((one) => file(new Request(one))));
  };

  return { install, replaceOld, settle, forget, page, file, photo, visited, NOBODY };
})();
