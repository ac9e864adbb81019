// Keys for the queue, heard only while the focus is in its list: j and k move, a signs, r replies.
(() => {
  const live = document.getElementById("queue-live");
  if (!live) return;

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
