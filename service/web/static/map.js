// Opens a map when somebody asks for it: the library, the sheets and the outlines are fetched only then.
(() => {
  const added = (tag, facts) =>
    new Promise((done, fail) => {
      const element = Object.assign(document.createElement(tag), facts);
      element.onload = done;
      element.onerror = fail;
      document.head.append(element);
    });
  let library;
  const load = ({ sheets, leaflet }) => {
    library ??= Promise.all([
      ...sheets.split(" ").map((href) => added("link", { rel: "stylesheet", href })),
      added("script", { src: leaflet }),
    ]);
    return library;
  };

  for (const part of document.querySelectorAll("[data-map]")) {
    const button = part.querySelector("[data-map-open]");
    const view = part.querySelector("[data-map-view]");
    const said = part.querySelector("[data-map-said]");
    let drawn;
    const show = async () => {
      said.textContent = "";
      drawn ??= load(part.dataset)
        .then(() => import(part.dataset.drawing))
        .then(({ draw }) => draw(part))
        .catch(() => {
          drawn = library = undefined;
        });
      const isShown = await drawn?.then((map) => map?.refresh().then(() => true)).catch(() => false);
      if (!isShown) said.textContent = said.dataset.failed;
    };
    part.hidden = false;
    button.addEventListener("click", () => {
      view.hidden = !view.hidden;
      button.setAttribute("aria-expanded", String(!view.hidden));
      if (!view.hidden) show();
    });
  }
})();
