// What waits on this telephone, shown where it belongs: not sent yet, refused with what was written, or sent.
(() => {
  const here = document.getElementById("kept-here");
  if (!here || !self.line) return;
  const { mark } = document.body.dataset;
  const SHOWN = ["text", "reason"];
  const OWN = ["csrf", "once", "key", "called", "version", "next", "lang", "size"];
  const path = location.pathname;

  const isHere = (form) => {
    if (form.owner && form.owner !== mark && form.state !== "sign-in") return false;
    return !path.startsWith("/cases/") || !form.subject || form.subject === path;
  };
  const formFor = (form) => document.querySelector(`main form[action^="${form.path}"][method=post]`);
  const written = (form) => form.fields.filter(([name, said]) => SHOWN.includes(name) && said.trim()).map(([, said]) => said);
  const fill = (card, name, said) => {
    const place = card.querySelector(`[data-${name}]`);
    if (!place) return;
    place.textContent = said;
    place.hidden = !said;
  };

  const putBack = async (form) => {
    const target = formFor(form);
    for (const [name, said] of form.fields.filter(([name]) => !OWN.includes(name))) {
      for (const control of target.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
        if (["radio", "checkbox"].includes(control.type)) control.checked ||= control.value === said;
        else control.value = said;
      }
    }
    const input = target.querySelector("input[type=file]");
    if (input && form.photos.length) {
      const all = new DataTransfer();
      for (const photo of form.photos) all.items.add(photo);
      input.files = all.files;
      input.dispatchEvent(new Event("change"));
    }
    await kept.drop(form.id);
    const panel = target.closest("details");
    if (panel) panel.open = true;
    target.querySelector("textarea, input:not([type=hidden])")?.focus();
  };
  const again = (form) => {
    const seen = formFor(form)?.elements.namedItem("version")?.value;
    return kept.put({ ...form, state: "waiting", at: Date.now(), version: seen ?? form.version }).then(self.line.send);
  };
  const acts = {
    send: self.line.send,
    again,
    back: putBack,
    drop: (form) => kept.drop(form.id),
  };

  const card = (form) => {
    const made = self.line.clone(form.state === "refused" && form.code === "over" ? "over" : form.state);
    made.dataset.form = form.id;
    fill(made, "called", form.called);
    fill(made, "at", self.line.timeOf(form.at));
    fill(made, "why", form.code === "conflict" ? "" : form.said);
    fill(made, "written", written(form).join("\n"));
    fill(made, "number", form.number ?? "");
    fill(made, "code", form.code ?? "");
    fill(made, "photos", form.photos.length ? String(form.photos.length) : "");
    const where = made.querySelector("[data-case]");
    if (where) {
      where.hidden = !form.subject || form.subject === path;
      where.href = form.subject;
      where.textContent = form.subject.split("/").pop();
    }
    for (const part of made.querySelectorAll("[data-if]")) {
      const holds = {
        photos: form.photos.length,
        left: form.left,
        form: formFor(form),
        staff: form.subject,
        resident: !form.subject,
        elsewhere: !form.subject && !formFor(form),
        conflict: form.code === "conflict",
      };
      part.hidden = !holds[part.dataset.if];
    }
    for (const button of made.querySelectorAll("[data-do]")) {
      button.addEventListener("click", async () => {
        await acts[button.dataset.do](form);
        draw();
      });
    }
    return made;
  };
  // A button that asks for no words is not pressed a second time while it waits.
  const pause = (forms) => {
    for (const button of document.querySelectorAll("main form[method=post] button[type=submit]")) {
      if (button.form.querySelector("textarea, select, input:not([type=hidden])")) continue;
      const path = new URL(button.form.action).pathname;
      button.disabled = forms.some((one) => one.state === "waiting" && one.path === path);
    }
  };
  const draw = async () => {
    const forms = (await kept.forms()).filter(isHere);
    const cards = forms.map(card);
    for (const old of here.querySelectorAll("[data-form]")) old.remove();
    here.append(...cards);
    pause(forms);
  };
  document.addEventListener("kept", draw);
  draw();

  // Signing out throws away what waits: somebody is told so first.
  for (const out of document.querySelectorAll("form[action='/sign-out']")) {
    out.addEventListener("submit", async (event) => {
      if (out.dataset.sure) return;
      event.preventDefault();
      const waits = (await kept.forms()).some((form) => form.owner === mark);
      out.dataset.sure = "yes";
      if (!waits) return out.requestSubmit();
      self.line.show("sign-out", (said) => said.querySelector("[data-do]").addEventListener("click", () => out.requestSubmit()));
      here.scrollIntoView();
    });
  }
})();
