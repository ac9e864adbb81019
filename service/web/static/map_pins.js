// Where the cases of a queue are: fetched with a map that shows them.
const NEAR = 60;
const SHOWN = 12;
const GRAVEST = ["overdue", "soon", "in_time", "paused"];
const { L } = window;
const numbered = (sentence, number) => sentence.replace("{number}", number);

// Cases on the map. Those near each other share one mark, whose list opens beside the map.
export const cases = (part, map, areas, { made, icon, placed, asked, closest, settle }) => {
  const layer = L.layerGroup().addTo(map);
  const told = part.querySelector("[data-map-told]");
  let pins = [];
  // Without a point of its own a case stands in the middle of its area, or of the parts of it that are drawn.
  const at = (pin) => {
    if (pin.lat !== null) return { ...pin, at: L.latLng(pin.lat, pin.lon), rough: false };
    const own = areas.find(({ properties }) => pin.areas.includes(properties.code));
    const parts = own ? [own] : areas.filter(({ properties }) => properties.within.includes(pin.areas[0]));
    if (!parts.length) return null;
    const middle = (n) => parts.reduce((sum, { properties }) => sum + properties.label[n], 0) / parts.length;
    return { ...pin, at: L.latLng(middle(1), middle(0)), rough: true };
  };
  const together = () => {
    const groups = [];
    for (const pin of pins) {
      const point = map.project(pin.at, map.getZoom());
      const near = groups.find((group) => group.point.distanceTo(point) < NEAR);
      if (near) near.pins.push(pin);
      else groups.push({ point, at: pin.at, pins: [pin] });
    }
    return groups;
  };
  const list = (group) => {
    const lines = group.pins.slice(0, SHOWN).map((pin) => {
      const link = Object.assign(made("a", "", pin.title), { href: `/cases/${pin.number}` });
      const rough = pin.rough ? made("span", "quiet", part.dataset.rough) : "";
      return made("li", "", link, made("span", `quiet ${pin.state}`, icon(part, pin.state), ` ${pin.said} `, pin.number), rough);
    });
    const title = made("p", "map-told-title", numbered(part.dataset.here, group.pins.length));
    const rest = group.pins.length - lines.length;
    told.replaceChildren(title, made("ul", "", ...lines));
    if (rest > 0) told.append(made("p", "quiet", numbered(part.dataset.more, rest)));
    const bounds = L.latLngBounds(group.pins.map((pin) => pin.at));
    if (bounds.getNorthEast().distanceTo(bounds.getSouthWest()) > 5 && map.getZoom() < closest) {
      const closer = Object.assign(made("button", "button plain small", part.dataset.closer), { type: "button" });
      closer.addEventListener("click", () => map.fitBounds(bounds, { padding: [40, 40], maxZoom: closest }));
      told.append(closer);
    }
    told.hidden = false;
    told.focus();
  };
  const show = () => {
    layer.clearLayers();
    for (const group of together()) {
      const state = GRAVEST.find((one) => group.pins.some((pin) => pin.state === one));
      const count = String(group.pins.length);
      const mark = made("button", `map-pin ${state}`, icon(part, state), made("span", "", count));
      mark.type = "button";
      mark.classList.toggle("rough", group.pins.every((pin) => pin.rough));
      mark.ariaLabel = `${numbered(part.dataset.here, count)}. ${part.dataset[state] ?? ""}`;
      mark.addEventListener("click", () => list(group));
      L.DomEvent.disableClickPropagation(mark);
      placed(group.at, mark, layer, 500);
    }
    settle();
  };
  map.on("zoomend", show);
  return async () => {
    const { items, left_out } = await asked(part.dataset.pins);
    pins = items.map(at).filter(Boolean);
    told.hidden = true;
    show();
    const unseen = items.length - pins.length + left_out;
    if (unseen) return numbered(part.dataset.unseen, unseen);
    return items.length ? "" : part.dataset.none;
  };
};
