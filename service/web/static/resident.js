// Small helps for residents: no form is sent twice by a double click, a case tells of news.
(() => {
  for (const form of document.querySelectorAll("form[data-once]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
  }
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-once]")) delete form.dataset.sent;
  });

  const live = document.getElementById("live");
  if (!live) return;
  const look = async () => {
    if (document.hidden) return;
    const answer = await fetch(location.pathname).catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
    if (!fresh) return;
    const isNews = fresh.dataset.version !== live.dataset.version;
    document.getElementById("news").hidden = !isNews;
    const [now, then] = [live.querySelector(".hero-left"), fresh.querySelector(".hero-left")];
    if (!isNews && now && then) now.replaceWith(then);
  };
  setInterval(look, 30000);
})();
