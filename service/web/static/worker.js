// Keys for the queue, heard only while the focus is in its list: j and k move, a signs, r replies. Meanwhile the list
// stays as it is, until somebody leaves it or asks for what is new.
(() => {
  const live = document.getElementById("queue-live");
  const held = document.getElementById("queue-held");
  if (!live || !held) return;
  let wasAt = "";

  const wait = () => {
    held.hidden = !live.contains(document.activeElement);
    return !held.hidden;
  };
  live.addEventListener("focusin", (event) => (wasAt = event.target.id));
  document.getElementById("queue-show").addEventListener("click", () => {
    const goBack = () => (document.getElementById(wasAt) ?? live.querySelector("a"))?.focus();
    live.addEventListener("htmx:afterSettle", goBack, { once: true });
    live.dispatchEvent(new CustomEvent("changed"));
  });
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt === live && wait()) event.preventDefault();
  });
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target === live && wait()) event.detail.shouldSwap = false;
  });
  // What was read out already is not read out again.
  document.body.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
    if (detail.target.textContent.trim() === detail.fragment.textContent.trim()) detail.shouldSwap = false;
  });

  live.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
    const titles = [...live.querySelectorAll(".queue-title")];
    const row = event.target.closest("tr");
    const at = titles.findIndex((title) => row && row.contains(title));
    const step = { j: 1, k: -1 }[event.key];
    if (step) titles[Math.min(Math.max(at + step, 0), titles.length - 1)]?.focus();
    else if (event.key === "a" && row) row.querySelector("form[action$='/accept'] button")?.click();
    else if (event.key === "r" && row) location.href = `${titles[at].href}#act-reply`;
    else return;
    event.preventDefault();
  });
})();
