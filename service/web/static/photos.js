// Chosen photos are shown, made smaller before they are sent, and can be left out; a photo of a case opens large.
(() => {
  const EDGE = 2000;
  const SMALL_ENOUGH = 700000;

  const shrunk = async (file) => {
    if (file.size <= SMALL_ENOUGH && file.type === "image/jpeg") return file;
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => null);
    if (!picture) return file;
    const scale = Math.min(1, EDGE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    const paper = canvas.getContext("2d");
    paper.fillStyle = "#fff";
    paper.fillRect(0, 0, canvas.width, canvas.height);
    paper.drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const made = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    canvas.width = canvas.height = 0;
    if (!made || made.size >= file.size) return file;
    return new File([made], file.name.replace(/\.[^.]*$/, "") + ".jpg", { type: "image/jpeg" });
  };

  const live = (part) => {
    const input = part.querySelector("input[type=file]");
    const words = part.dataset;
    const strip = document.createElement("ul");
    strip.className = "photo-strip";
    const said = document.createElement("p");
    said.className = "photo-said";
    said.setAttribute("role", "status");
    input.after(strip, said);
    part.classList.add("is-live");
    let chosen = [];
    let work = null;

    const kept = () => part.querySelectorAll("[data-kept] input:checked").length;
    const put = () => {
      const all = new DataTransfer();
      for (const one of chosen) all.items.add(one.file);
      input.files = all.files;
    };
    const leaveOut = (one) => {
      chosen = chosen.filter((other) => other !== one);
      one.row.remove();
      URL.revokeObjectURL(one.address);
      put();
      input.focus();
    };
    const show = (one) => {
      one.row = document.createElement("li");
      one.row.className = "photo-chosen";
      const picture = document.createElement("img");
      one.address = URL.createObjectURL(one.file);
      picture.src = one.address;
      picture.alt = words.chosen;
      const name = document.createElement("p");
      name.textContent = one.file.name;
      picture.addEventListener("error", () => picture.remove());
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button plain small";
      button.textContent = words.leave;
      button.setAttribute("aria-label", `${words.leave}: ${one.file.name}`);
      button.addEventListener("click", () => leaveOut(one));
      one.row.append(picture, name, button);
      strip.append(one.row);
    };
    const take = async (files) => {
      said.textContent = words.shrinking;
      const wrong = new Set();
      for (const file of files) {
        if (chosen.length + kept() >= Number(words.most)) {
          wrong.add(words.tooMany);
          break;
        }
        if (chosen.some((one) => one.name === file.name && one.size === file.size)) continue;
        const made = await shrunk(file);
        if (made.size > Number(words.mostBytes)) {
          wrong.add(`${file.name}: ${words.tooLarge}`);
          continue;
        }
        const one = { file: made, name: file.name, size: file.size };
        chosen.push(one);
        show(one);
      }
      put();
      said.textContent = [...wrong].join(" ") || (chosen.length ? words.ready : "");
    };
    input.addEventListener("change", () => {
      const files = [...input.files].filter((file) => !chosen.some((one) => one.file === file));
      put();
      work = (work ?? Promise.resolve()).then(() => take(files)).finally(() => (work = null));
    });
    // A form that is sent while photos are being made smaller waits for them.
    input.form?.addEventListener(
      "submit",
      (event) => {
        if (!work) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        work.then(() => input.form.requestSubmit(event.submitter ?? undefined));
      },
      { capture: true },
    );
    // What the browser remembers of an earlier visit cannot be shown, and would be sent unseen.
    if (input.files.length) input.dispatchEvent(new Event("change"));
  };
  const begin = (where) => {
    if (window.createImageBitmap && window.DataTransfer) where.querySelectorAll("[data-photos]").forEach(live);
  };
  begin(document);
  document.addEventListener("brought", ({ target }) => begin(target));

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-enlarge]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !window.HTMLDialogElement) return;
    event.preventDefault();
    const small = link.querySelector("img");
    const dialog = document.createElement("dialog");
    dialog.className = "photo-large";
    dialog.setAttribute("aria-label", small.alt);
    const large = document.createElement("img");
    large.src = link.href;
    large.alt = small.alt;
    const form = document.createElement("form");
    form.method = "dialog";
    const close = document.createElement("button");
    close.className = "button plain";
    close.textContent = link.dataset.enlarge;
    form.append(close);
    dialog.append(large, form);
    dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      link.focus();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
})();
