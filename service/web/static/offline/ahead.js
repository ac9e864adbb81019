// What waits to be sent moves the case on: its page then offers what the lifecycle allows next, and no more what it does not.
(() => {
  const place = document.querySelector("[data-course]");
  if (!place || !self.line) return;
  const course = JSON.parse(place.dataset.course);
  const { mark } = document.body.dataset;
  const above = `${location.pathname}/`;
  const sent = [];
  let isBrought = false;

  const statusAfter = (actions) => actions.reduce((status, action) => course[status][action] ?? status, place.dataset.status);
  const parts = (action) =>
    document.querySelectorAll(`#act-${action}, a[href="#act-${action}"], .case-jumps form[action$="/${action}"]`);
  // The forms of a copy were given out once already: each gets a key of its own.
  const bring = () => {
    isBrought = true;
    for (const template of document.querySelectorAll("template[data-ahead]")) {
      const part = template.content.firstElementChild.cloneNode(true);
      for (const key of part.querySelectorAll("input[name=once]")) key.value = crypto.randomUUID();
      template.replaceWith(part);
      part.dispatchEvent(new CustomEvent("brought", { bubbles: true }));
    }
  };
  const draw = async () => {
    const isOurs = ({ state, owner, path }) => state === "waiting" && owner === mark && path.startsWith(above);
    const paths = [...sent, ...(await kept.forms()).filter(isOurs).map(({ path }) => path)];
    if (!paths.length && !isBrought) return;
    if (!isBrought) bring();
    const offered = course[statusAfter(paths.map((path) => path.slice(above.length)))];
    for (const action of new Set(Object.values(course).flatMap(Object.keys))) {
      for (const part of parts(action)) part.hidden = !(action in offered);
    }
  };
  navigator.serviceWorker.addEventListener("message", ({ data }) => data.path?.startsWith(above) && sent.push(data.path));
  document.addEventListener("kept", draw);
  draw();
})();
