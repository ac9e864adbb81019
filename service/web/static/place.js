// "Use the place where I am": asks the device, then our own service, and chooses the community in the form.
(() => {
  const part = document.querySelector("[data-place]");
  const button = part?.querySelector("[data-locate]");
  if (!button || !navigator.geolocation) return;
  part.hidden = false;
  const said = part.querySelector("[role=status]");
  const form = part.closest("form");
  const choice = form.querySelector("[name=area]");
  const [lat, lon] = ["lat", "lon"].map((name) => form.querySelector(`[name=${name}]`));

  const forget = () => {
    if (lat) lat.value = lon.value = "";
  };
  choice?.addEventListener("change", forget);

  const fail = (sentence) => {
    forget();
    said.textContent = sentence || said.dataset.failed;
    button.disabled = false;
  };
  const take = async ({ coords }) => {
    const at = new URLSearchParams({ lat: coords.latitude.toFixed(6), lon: coords.longitude.toFixed(6) });
    if (button.dataset.locate === "go") {
      location.assign(`${form.action}?${at}`);
      return;
    }
    const answer = await fetch(`/api/v1/areas/locate?${at}`).catch(() => null);
    const found = await answer?.json().catch(() => null);
    if (!answer?.ok) return fail(found?.detail);
    const codes = found.path.map((area) => area.code).reverse();
    choice.value = codes.find((code) => [...choice.options].some((option) => option.value === code)) ?? "";
    [lat.value, lon.value] = [at.get("lat"), at.get("lon")];
    const name = document.documentElement.lang === "en" ? "name_en" : "name";
    said.textContent = said.dataset.found + found.path.map((area) => area[name] || area.name).join(" / ");
    button.disabled = false;
  };
  button.addEventListener("click", () => {
    button.disabled = true;
    said.textContent = "";
    navigator.geolocation.getCurrentPosition(take, () => fail(), { enableHighAccuracy: true, timeout: 15000 });
  });
})();
