// Whoever takes down a request by keyboard sends it with Ctrl and Enter, from whatever field.
(() => {
  for (const form of document.querySelectorAll("form[data-ctrl-enter]")) {
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      form.requestSubmit();
    });
    for (const hint of form.querySelectorAll("[data-keys]")) hint.hidden = false;
  }
})();
