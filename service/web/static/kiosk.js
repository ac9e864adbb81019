// A public screen forgets: a minute after the last touch or key it begins anew, and so it does when somebody goes back.
(() => {
  const START = "/kiosk";
  const idle = document.getElementById("idle");
  const { idle: forgotten, warned } = document.body.dataset;
  let last = Date.now();

  const touched = () => {
    last = Date.now();
    idle.hidden = true;
  };
  for (const what of ["pointerdown", "keydown", "input", "wheel", "touchmove"]) {
    addEventListener(what, touched, { passive: true });
  }
  const begin = () => {
    document.querySelector("form")?.reset();
    location.replace(START);
  };
  setInterval(() => {
    const seconds = (Date.now() - last) / 1000;
    if (seconds >= Number(forgotten)) begin();
    else if (seconds >= Number(warned)) idle.hidden = false;
  }, 1000);
  addEventListener("pageshow", ({ persisted }) => persisted && begin());
})();
