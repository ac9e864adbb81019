// What a resident types is kept on the device until it is sent, offered again when they come back, and forgotten at will.
// How to reach them is not kept. The key of the form is: what was sent already is not sent twice.
(() => {
  const NAME = "jiban-draft";
  const FIELDS = ["text", "category", "area", "address", "for_whom", "key"];
  const DAYS = 7;
  const form = document.querySelector("form[data-draft]");

  const read = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(NAME));
      if (kept?.text && Date.now() - kept.at < DAYS * 86400000) return kept;
    } catch {
      // Unreadable or forbidden: there is none.
    }
    return null;
  };
  const drop = () => {
    try {
      localStorage.removeItem(NAME);
    } catch {
      // Nothing could be kept, either.
    }
  };
  if (document.querySelector("[data-draft-sent]")) drop();
  if (!form) return;

  const field = (name) => form.elements.namedItem(name);
  const offer = document.getElementById("draft");
  const kept = document.querySelector("[data-draft-kept]");
  const keep = () => {
    if (!field("text").value.trim()) return;
    const values = Object.fromEntries(FIELDS.map((name) => [name, field(name)?.value ?? ""]));
    try {
      localStorage.setItem(NAME, JSON.stringify({ ...values, at: Date.now() }));
      kept.hidden = false;
    } catch {
      // A full or forbidden store: the form works without.
    }
  };
  let later = 0;
  form.addEventListener("input", () => {
    clearTimeout(later);
    later = setTimeout(keep, 400);
  });
  form.addEventListener("submit", keep);
  window.addEventListener("pagehide", () => later && form.isConnected && keep());

  for (const button of document.querySelectorAll("[data-draft-drop]")) {
    button.addEventListener("click", () => {
      clearTimeout(later);
      later = 0;
      drop();
      offer.hidden = kept.hidden = true;
      if (!offer.contains(button)) form.reset();
      field("text").focus();
    });
  }

  const before = read();
  // What was sent without a line waits elsewhere on this device, and is no draft any more.
  self.kept?.forms().then((forms) => {
    if (!before || !forms.some((one) => one.once === before.key)) return;
    if (read()?.key === before.key) drop();
    offer.hidden = true;
  });
  if (!before || before.key === field("key").value || field("text").value.trim()) return;
  offer.hidden = false;
  offer.querySelector("[data-draft-begins]").textContent = before.text.length > 80 ? `${before.text.slice(0, 80)}…` : before.text;
  offer.querySelector("[data-draft-take]").addEventListener("click", () => {
    for (const name of FIELDS) if (field(name) && before[name]) field(name).value = before[name];
    offer.hidden = true;
    keep();
    field("text").focus();
  });
})();
