// A page that updates by itself hears of changes at once. Where the stream does not come about, or goes silent, the
// page asks every few seconds, as its hx-trigger says; while the stream is there it does so once a minute.
(() => {
  const live = document.querySelector("[data-live]");
  const state = document.getElementById("live-state");
  if (!live || !state) return;
  const ASK_MS = 60000;
  const SILENT_MS = 40000;
  const AGAIN_MS = [5000, 15000, 60000];
  let stream;
  let later;
  let failed = 0;
  let isLive = false;
  let isOwed = false;
  let askedAt = Date.now();

  const say = (is) => {
    isLive = is;
    state.textContent = is ? state.dataset.hears : state.dataset.asks;
    state.classList.toggle("is-live", is);
  };
  const close = () => {
    clearTimeout(later);
    stream?.close();
    say(false);
  };
  const openLater = () => {
    close();
    later = setTimeout(open, AGAIN_MS[Math.min(failed++, AGAIN_MS.length - 1)]);
  };
  const heard = () => {
    clearTimeout(later);
    later = setTimeout(openLater, SILENT_MS);
    failed = 0;
    if (!isLive) say(true);
  };
  // A window that nobody sees holds no line: a browser has few of them.
  const open = () => {
    close();
    if (document.hidden || !self.EventSource) return;
    stream = new EventSource(live.dataset.live);
    later = setTimeout(openLater, SILENT_MS);
    stream.addEventListener("here", heard);
    stream.addEventListener("changed", () => {
      heard();
      isOwed = true;
      live.dispatchEvent(new CustomEvent("changed"));
    });
    stream.addEventListener("error", () => {
      if (stream.readyState === EventSource.CLOSED) openLater();
      else say(false);
    });
  };

  // Others may hold a look back, while somebody is at work in the list: it stays owed.
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, requestConfig } = event.detail;
    if (elt !== live || event.defaultPrevented) return;
    const isByTime = !requestConfig.triggeringEvent;
    if (isByTime && isLive && !isOwed && Date.now() - askedAt < ASK_MS) return event.preventDefault();
    isOwed = false;
    askedAt = Date.now();
  });
  document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target === live && !detail.shouldSwap) isOwed = true;
  });
  document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.elt === live && !detail.successful) isOwed = true;
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  open();
})();
