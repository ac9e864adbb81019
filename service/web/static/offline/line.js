// A page says that it is a copy, asks for what waits to be sent when the line is back, and installs the worker.
(() => {
  const workers = navigator.serviceWorker;
  if (!workers) return;
  const here = document.createElement("div");
  here.id = "kept-here";
  here.className = "no-print";
  here.setAttribute("aria-live", "polite");
  document.getElementById("main").prepend(here);
  const copiedAt = Number(document.documentElement.dataset.copiedAt);
  const EVERY_MS = 30000;
  let typed = false;

  const clone = (name) => document.getElementById(`kept-${name}`)?.content.firstElementChild.cloneNode(true);
  const show = (name, fill = () => {}) => {
    const said = clone(name);
    if (!said) return;
    here.querySelector(`[data-said="${name}"]`)?.remove();
    said.dataset.said = name;
    fill(said);
    here.prepend(said);
  };
  const timeOf = (at) => {
    const isToday = new Date(at).toDateString() === new Date().toDateString();
    const day = isToday ? {} : { month: "numeric", day: "numeric" };
    return new Date(at).toLocaleString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...day });
  };
  const send = () => workers.ready.then(({ active }) => active.postMessage({ what: "send" }));
  self.line = { clone, show, timeOf, send };

  if (copiedAt) {
    show("copy", (said) => (said.querySelector("[data-at]").textContent = timeOf(copiedAt)));
    // The keys of a copy were given out once already.
    for (const key of document.querySelectorAll("input[name=once], form[data-draft] input[name=key]")) {
      key.value = crypto.randomUUID();
    }
  }
  document.addEventListener("input", () => (typed = true));
  // The worker keeps only forms that one of our pages says it sends; a button with a name asks for something else.
  addEventListener("submit", ({ target, submitter }) => {
    if (submitter?.name) return;
    const key = target.elements.namedItem("once") ?? target.elements.namedItem("key");
    if (key) workers.controller?.postMessage({ what: "ours", key: key.value });
  });

  // What was sent made a new version of the case: forms of this page that saw the one before go on from there.
  const goOn = ({ subject, was, version }) => {
    for (const field of document.querySelectorAll(`form[action^="${subject}/"] input[name=version]`)) {
      if (field.value === was && version !== null) field.value = version;
    }
  };
  const readAnew = () => {
    if (copiedAt && navigator.onLine && !typed) location.reload();
  };
  workers.addEventListener("message", ({ data }) => {
    if (data.said) {
      show(data.said);
      // Nothing was sent: resident.js lets the form be sent again.
      for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
    }
    if (data.sent !== undefined) {
      goOn(data);
      show("done", (said) => (said.querySelector("[data-called]").textContent = data.sent));
    }
    if (data.changed) {
      document.dispatchEvent(new Event("kept"));
      readAnew();
    }
  });
  addEventListener("online", () => {
    send();
    // The first moments of a line often fail.
    setTimeout(() => send().then(readAnew), 3000);
  });
  document.addEventListener("visibilitychange", () => document.hidden || send());
  setInterval(() => !document.hidden && here.childElementCount && send(), EVERY_MS);

  addEventListener("load", async () => {
    const isNew = !workers.controller;
    await workers.register("/sw.js").catch(() => null);
    const { active } = await workers.ready;
    active.postMessage({ what: "send" });
    if (!isNew) return;
    const files = performance.getEntriesByType("resource").map(({ name }) => name);
    const ours = files.filter((name) => name.startsWith(`${location.origin}/static/`));
    active.postMessage({ what: "visited", address: location.href, files: ours });
  });
})();
