// What this telephone keeps for the time without a line: forms not yet sent, in their order, and whose pages it holds.
// Read by pages and by the service worker. A form: id, path, subject, fields, photos, owner, called, once, at, state, said.
self.kept = (() => {
  const DAYS = 7; // The server knows a form again for longer: KEY_LASTS, DONE_KEPT.
  const MOST_FORMS = 100;
  const MOST_PHOTO_BYTES = 60000000;
  let opened = null;

  const open = () =>
    (opened ??= new Promise((done, fail) => {
      const asked = indexedDB.open("jiban", 1);
      asked.onupgradeneeded = () => {
        asked.result.createObjectStore("forms", { keyPath: "id", autoIncrement: true });
        asked.result.createObjectStore("facts");
      };
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => fail(asked.error);
    }));
  const ask = async (store, mode, what) => {
    const database = await open();
    return new Promise((done, fail) => {
      const work = database.transaction(store, mode);
      const asked = what(work.objectStore(store));
      work.oncomplete = () => done(asked.result);
      work.onerror = work.onabort = () => fail(work.error);
    });
  };

  const forms = () => ask("forms", "readonly", (store) => store.getAll()).catch(() => []);
  const put = (form) => ask("forms", "readwrite", (store) => store.put(form));
  const drop = (id) => ask("forms", "readwrite", (store) => store.delete(id));
  const fact = (name) => ask("facts", "readonly", (store) => store.get(name)).catch(() => undefined);
  const note = (name, value) => ask("facts", "readwrite", (store) => store.put(value, name)).catch(() => {});

  // Keep one more. Words are kept always, photos only while there is room: `left` says how many were not.
  const add = async (form) => {
    const before = await forms();
    if (before.length >= MOST_FORMS) throw new Error("full");
    const bytes = [...before.flatMap((one) => one.photos), ...form.photos].reduce((sum, photo) => sum + photo.size, 0);
    const photos = bytes > MOST_PHOTO_BYTES ? [] : form.photos;
    return put({ ...form, photos, left: form.photos.length - photos.length, at: Date.now(), state: "waiting", said: "" });
  };
  const isOver = (form) => Date.now() - form.at > DAYS * 86400000;
  // Drop the forms of everybody of staff but one.
  const dropOthers = async (owner) => {
    for (const form of await forms()) if (form.owner && form.owner !== owner) await drop(form.id);
  };

  return { forms, put, drop, fact, note, add, isOver, dropOthers };
})();
