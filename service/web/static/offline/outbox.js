// Forms that could not be sent: kept in their order, and sent in it when the line is back. The server does each once.
self.outbox = (() => {
  const LATER = Symbol("later");
  let running = null;

  const tell = async (what) => {
    for (const page of await clients.matchAll({ type: "window" })) page.postMessage(what);
  };
  const subjectOf = (path) => (path.startsWith("/cases/") ? path.split("/").slice(0, 3).join("/") : "");

  // Where the page goes on after its form was kept: back to where it would have gone.
  const wayOn = (path, data) => {
    const next = new URL(String(data.get("next") || subjectOf(path) || path), location.origin);
    return Response.redirect(next.origin === location.origin ? next : location.origin, 303);
  };
  // A form of another site comes without the word of one of our pages, and would be sent with our own proof later. Nor
  // do pages announce what a button with a name sends: another language, one step back.
  const announced = new Set();
  const isOurs = async (key) => {
    for (let tries = 0; tries < 10 && !announced.has(key); tries += 1) await new Promise((on) => setTimeout(on, 100));
    return announced.delete(key);
  };
  const keep = async (request) => {
    const { pathname: path } = new URL(request.url);
    const data = await request.formData();
    const mark = await kept.fact("mark");
    const once = data.get("once") ?? (path === "/submit" ? data.get("key") : null);
    const isOfStaff = mark && mark !== pages.NOBODY;
    if (!once || (path !== "/submit" && !isOfStaff)) return null;
    if (!(await isOurs(once))) return null;
    const fields = [...data].filter(([, value]) => typeof value === "string");
    const photos = data.getAll("photo").filter((one) => one instanceof File && one.size > 0);
    const about = { path, subject: subjectOf(path), fields, photos, owner: isOfStaff ? mark : "", once };
    await kept.add({ ...about, called: data.get("called") ?? "", version: data.get("version") });
    return wayOn(path, data);
  };
  const waitsBefore = async () => {
    const mark = await kept.fact("mark");
    return (await kept.forms()).some((form) => form.state === "waiting" && form.owner && form.owner === mark);
  };

  // What a page sends: straight on where that is possible and nothing waits before it. What cannot be kept either stays
  // in its page, which is told so.
  const answer = async (event) => {
    const { pathname } = new URL(event.request.url);
    const spare = event.request.clone();
    const isBehind = pathname.startsWith("/cases/") && (await waitsBefore());
    if (!isBehind) {
      const response = await fetch(event.request).catch(() => null);
      if (response?.type === "opaqueredirect" && pathname === "/sign-out") await pages.forget();
      if (response) return response;
    }
    const way = await keep(spare.clone()).catch(() => null);
    if (!way && isBehind) return fetch(spare);
    if (!way) {
      await tell({ said: "not-now" });
      return new Response(null, { status: 204 });
    }
    if (isBehind) await send();
    event.waitUntil(self.registration.sync?.register("send").catch(() => {}));
    return way;
  };

  const proofOfNow = async () => {
    const asked = await fetch(self.jiban.proof, { headers: { "X-Poll": "true" } }).catch(() => null);
    return asked?.ok ? asked.json().catch(() => null) : null;
  };
  const bodyOf = (form, csrf) => {
    const body = new FormData();
    for (const [name, value] of form.fields) body.append(name, value);
    for (const photo of form.photos) body.append("photo", photo, photo.name);
    body.set("csrf", csrf);
    if (form.version) body.set("version", form.version);
    if (form.path === "/submit") body.set("later", "yes");
    return body;
  };
  // What became of it: what the server answered, why it refused, or LATER.
  const post = async (form, csrf) => {
    const headers = { Accept: "application/json" };
    const answered = await fetch(form.path, { method: "POST", headers, body: bodyOf(form, csrf) }).catch(() => null);
    const said = await answered?.json().catch(() => null);
    if (!answered || !said || answered.status >= 500 || [401, 408, 429].includes(answered.status)) return LATER;
    if (said.code === "stale-form") return LATER;
    if (answered.ok) return { done: said };
    return { refused: [said.detail, ...Object.values(said.errors ?? {})].join(" "), code: said.code };
  };
  // The next ones of the same page saw the case as this one did, and nothing happened to it but this.
  const carryOn = async (form, version) => {
    if (version === null || Number(form.version) + 1 !== version) return;
    for (const other of await kept.forms()) {
      const isNext = other.state === "waiting" && other.subject === form.subject && other.version === form.version;
      if (isNext && other.id !== form.id) await kept.put({ ...other, version: String(version) });
    }
  };
  const settleForm = async (form, became) => {
    if (became.refused) return kept.put({ ...form, state: "refused", said: became.refused, code: became.code });
    if (form.path === "/submit") {
      const { number, code } = became.done;
      return kept.put({ ...form, state: "sent", number, code, fields: [], photos: [] });
    }
    await kept.drop(form.id);
    await carryOn(form, became.done.version);
    return tell({ sent: form.called, path: form.path, subject: form.subject, was: form.version, version: became.done.version });
  };

  const sendOne = async (form, proof) => {
    if (form.owner && form.owner !== proof.reader) return kept.put({ ...form, state: "sign-in" });
    if (kept.isOver(form)) return kept.put({ ...form, state: "refused", said: "", code: "over" });
    const became = await post(form, proof.csrf);
    return became === LATER ? LATER : settleForm(form, became);
  };
  const sendAll = async () => {
    const isDue = (form) => ["waiting", "sign-in"].includes(form.state);
    const due = (await kept.forms()).filter(isDue);
    const proof = due.length ? await proofOfNow() : null;
    if (!proof) return;
    await pages.settle(proof.reader);
    for (const { id } of due) {
      const now = await kept.forms();
      const form = now.find((one) => one.id === id);
      // Nothing is done behind what was refused for the same case: its owner decides first.
      const isHeld = now.some((one) => one.id < id && one.subject && one.subject === form?.subject && one.state === "refused");
      if (form && !isHeld && (await sendOne(form, proof)) === LATER) break;
    }
    await tell({ changed: true });
  };
  const send = () => (running ??= sendAll().finally(() => (running = null)));

  return { answer, send, announce: (key) => announced.add(key) };
})();
