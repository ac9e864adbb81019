// The corners of a boundary: moved, added and removed on the map, and written into the text that the form sends.
const MOST = 300;
const { L } = window;
const numbered = (sentence, number) => sentence.replace("{number}", number);

const read = (text) => {
  if (!text.trim()) return [];
  const found = JSON.parse(text);
  const { type, coordinates } = found.geometry ?? found;
  const parts = { Polygon: [coordinates], MultiPolygon: coordinates }[type];
  return parts.map((rings) => rings.map((ring) => ring.slice(0, -1).map(([lon, lat]) => [lat, lon])));
};
const written = (parts) => {
  const turned = ([lat, lon]) => [lon, lat].map((degree) => Number(degree.toFixed(7)));
  const all = parts.map((rings) => rings.map((ring) => [...ring, ring[0]].map(turned)));
  const one = all.length === 1;
  return JSON.stringify({ type: one ? "Polygon" : "MultiPolygon", coordinates: one ? all[0] : all });
};

export const corners = (part, map, { made }) => {
  const { dataset } = part;
  const text = document.querySelector(dataset.corners);
  const datum = text.form?.elements.datum;
  const told = part.querySelector("[data-map-told]");
  const shape = L.polygon([], { className: "map-drawn", weight: 3, interactive: false }).addTo(map);
  const layer = L.layerGroup().addTo(map);
  let parts = [];
  let chosen = null;
  let isNew = false; // Nothing is drawn yet: what is pressed on the map becomes the next corner.
  let isHeld = false; // A mark is dragged. At the edge the map moves along with it, and the mark has to stay.

  const mark = (at, className, drags) => {
    const icon = L.divIcon({ className: `map-corner ${className}`, iconSize: [24, 24] });
    const marker = L.marker(at, { icon, draggable: true, keyboard: false, autoPan: true }).addTo(layer);
    marker.on("dragstart dragend", ({ type }) => {
      isHeld = type === "dragstart";
    });
    for (const [name, does] of Object.entries(drags)) marker.on(name, does);
    return marker;
  };
  const button = (words, does) => {
    const element = Object.assign(made("button", "button plain small", words), { type: "button" });
    element.addEventListener("click", does);
    return element;
  };
  const tell = (...sentences) => {
    const count = parts.flat().reduce((sum, ring) => sum + ring.length, 0);
    const usual = [isNew && dataset.start, count > 2 && numbered(dataset.count, count)].filter(Boolean);
    const said = (sentences.length ? sentences : usual).map((words) => made("p", "", words));
    const buttons = chosen ? [button(dataset.remove, remove)] : [];
    buttons.push(button(dataset.back, () => begin(text.defaultValue)));
    told.replaceChildren(...said, made("div", "actions", ...buttons));
    told.hidden = false;
  };
  const changed = () => {
    shape.setLatLngs(parts);
    if (parts.flat().every((ring) => ring.length > 2)) text.value = written(parts);
    for (const choice of datum ?? []) choice.checked = choice.value === dataset.datum;
    show();
  };
  const remove = () => {
    if (chosen.ring.length < 4) return tell(dataset.few);
    chosen.ring.splice(chosen.place, 1);
    chosen = null;
    changed();
  };
  const place = ({ lat, lng }) => [lat, lng];
  const corner = (ring, n) => {
    const isChosen = chosen?.ring === ring && chosen.place === n;
    mark(ring[n], isChosen ? "chosen" : "", {
      drag: ({ latlng }) => {
        ring[n] = place(latlng);
        shape.setLatLngs(parts);
      },
      dragend: changed,
      click: () => {
        chosen = { ring, place: n };
        show();
      },
    });
  };
  const between = (ring, n) => {
    const [a, b] = [ring[n], ring[(n + 1) % ring.length]];
    const add = ({ target }) => {
      ring.splice(n + 1, 0, place(target.getLatLng()));
      chosen = { ring, place: n + 1 };
      changed();
    };
    mark([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], "between", { dragend: add, click: add });
  };
  const show = () => {
    layer.clearLayers();
    if ("still" in dataset) return;
    const seen = map.getBounds().pad(0.1);
    const rings = parts.flat();
    const here = rings.flatMap((ring) => ring.map((at, n) => [ring, n]).filter(([, n]) => seen.contains(ring[n])));
    if (here.length > MOST) return tell(dataset.crowd);
    for (const [ring, n] of here) if (ring.length > 2) between(ring, n);
    for (const [ring, n] of here) corner(ring, n);
    tell(...(chosen ? [numbered(dataset.one, chosen.place + 1)] : []));
  };
  const begin = (value) => {
    chosen = null;
    try {
      parts = read(value);
      isNew = !parts.length;
      text.value = value;
    } catch {
      parts = [];
      isNew = false;
      shape.setLatLngs(parts);
      layer.clearLayers();
      return tell(dataset.unread);
    }
    shape.setLatLngs(parts);
    show();
  };
  if (!("still" in dataset)) {
    map.on("moveend", () => isHeld || show());
    map.on("click", ({ latlng }) => {
      if (!isNew) return;
      parts = [[[...(parts[0]?.[0] ?? []), place(latlng.wrap())]]];
      changed();
    });
    text.addEventListener("change", () => begin(text.value));
  }
  return () => begin(text.value);
};
