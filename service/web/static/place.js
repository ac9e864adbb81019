// Finds the community of a place: where the device is, or what was tapped on the map. Our own service is asked.
(() => {
  const part = document.querySelector("[data-place]");
  const button = part?.querySelector("[data-locate]");
  if (!button) return;
  part.hidden = false;
  button.hidden = !navigator.geolocation;
  const said = part.querySelector("[role=status]");
  const form = part.closest("form");
  const choice = form.querySelector("[name=area]");
  const [lat, lon] = ["lat", "lon"].map((name) => form.querySelector(`[name=${name}]`));

  const forget = () => {
    if (lat) lat.value = lon.value = "";
  };
  choice?.addEventListener("change", forget);

  const say = (sentence, found) => {
    said.textContent = sentence;
    button.disabled = false;
    form.dispatchEvent(new CustomEvent("place:said", { detail: { sentence, found } }));
  };
  const fail = (sentence) => {
    forget();
    say(sentence || said.dataset.failed);
  };
  const take = async (where) => {
    const at = new URLSearchParams(where);
    if (button.dataset.locate === "go") {
      location.assign(`${form.action}?${at}`);
      return;
    }
    const answer = await fetch(`/api/v1/areas/locate?${at}`).catch(() => null);
    const found = await answer?.json().catch(() => null);
    if (!answer?.ok) return fail(found?.detail);
    const codes = found.path.map((area) => area.code).reverse();
    choice.value = codes.find((code) => [...choice.options].some((option) => option.value === code)) ?? "";
    [lat.value, lon.value] = [found.at.lat.toFixed(6), found.at.lon.toFixed(6)];
    const name = document.documentElement.lang === "en" ? "name_en" : "name";
    const beginning = where.datum ? said.dataset.tapped : said.dataset.found;
    say(beginning + found.path.map((area) => area[name] || area.name).join(" / "), found);
  };
  button.addEventListener("click", () => {
    button.disabled = true;
    said.textContent = "";
    const here = ({ coords }) => take({ lat: coords.latitude.toFixed(6), lon: coords.longitude.toFixed(6) });
    navigator.geolocation.getCurrentPosition(here, () => fail(), { enableHighAccuracy: true, timeout: 15000 });
  });
  form.addEventListener("place:tapped", ({ detail }) =>
    take({ ...detail, lat: detail.lat.toFixed(6), lon: detail.lon.toFixed(6) }),
  );
})();
