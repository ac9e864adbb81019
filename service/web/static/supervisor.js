// The board updates by itself. It waits while somebody decides, and says aloud what changed in its numbers.
(() => {
  const live = document.getElementById("board-live");
  const said = document.getElementById("board-said");
  if (!live) return;

  const isDeciding = () =>
    live.querySelector("details[open]") !== null ||
    (live.contains(document.activeElement) && document.activeElement.matches("textarea, select"));

  const wait = () => {
    const deciding = isDeciding();
    const held = document.getElementById("board-held");
    if (held) held.hidden = !deciding;
    return deciding;
  };

  live.addEventListener("toggle", wait, true);
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt === live && wait()) event.preventDefault();
  });
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target === live && wait()) event.detail.shouldSwap = false;
  });
  const numbers = () => live.querySelector("[data-said]")?.textContent ?? "";
  let last = numbers();
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== live || numbers() === last) return;
    last = numbers();
    said.textContent = last;
  });
})();
