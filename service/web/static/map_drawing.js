// Draws areas, and on them what the list beside the map says: numbers with links, pins of cases, or the place chosen.
const CLOSEST = 18;
const FILLED = { overdue: "url(#map-overdue)", soon: "url(#map-soon)" };
const { L } = window;
const isEnglish = document.documentElement.lang === "en";

const made = (tag, className, ...inside) => {
  const element = Object.assign(document.createElement(tag), { className });
  element.append(...inside);
  return element;
};
const asked = async (address) => {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(address);
  return answer.json();
};
const called = ({ name, name_en }) => (isEnglish && name_en) || name;
const icon = (part, name) => part.querySelector(`[data-map-icon=${name}]`).content.cloneNode(true);
const placed = (at, element, layer, order = 0) =>
  L.marker(at, {
    icon: L.divIcon({ className: "map-mark", html: element, iconSize: null }),
    keyboard: false,
    interactive: false,
    zIndexOffset: order,
  }).addTo(layer);

// What the rows of the list say of an area: each row has its own code and those of the areas above it.
const listed = ({ rows, to }) => {
  const byCode = new Map();
  for (const row of rows ? document.querySelectorAll(rows) : [])
    for (const code of row.dataset.area.split(" ")) byCode.set(code, [...(byCode.get(code) ?? []), row]);
  return (code) => {
    const found = byCode.get(code) ?? [];
    const sum = (name) => found.reduce((all, row) => all + Number(row.dataset[name] ?? 0), 0);
    const own = found.find((row) => row.dataset.area.split(" ")[0] === code);
    const [overdue, soon] = [sum("overdue"), sum("soon")];
    const state = (overdue && "overdue") || (soon && "soon") || (sum("open") && "in_time") || "";
    return { overdue, soon, open: sum("open"), state, href: to ? to + code : own?.querySelector("a[href]")?.href };
  };
};

// The names of areas, each once; where names would lie on each other only the numbers stay.
const labels = (part, map, areas) => {
  const layer = L.layerGroup().addTo(map);
  let shown = [];
  const boxes = (elements) => [...elements].map((element) => element.getBoundingClientRect());
  const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const settle = () => {
    const ground = map.getContainer();
    const [edge] = boxes([ground]);
    const pins = boxes(ground.querySelectorAll(".map-pin"));
    for (const element of shown) element.classList.remove("crowded");
    const whole = boxes(shown);
    for (const element of shown) element.classList.add("crowded");
    const taken = boxes(shown);
    shown.forEach((element, n) => {
      const isIn = whole[n].left > edge.left && whole[n].right < edge.right;
      if (!isIn || pins.some((pin) => meet(pin, whole[n]))) return;
      if (taken.some((box, other) => other !== n && meet(box, whole[n]))) return;
      element.classList.remove("crowded");
      taken[n] = whole[n];
    });
  };
  const one = ({ properties }, facts) => {
    const figures = ["overdue", "soon"]
      .filter((state) => facts[state])
      .map((state) => {
        const word = made("span", "for-readers", ` ${part.dataset[state]} `);
        return made("span", `map-figure ${state}`, icon(part, state), word, String(facts[state]));
      });
    if (facts.state === "in_time") {
      const word = made("span", "for-readers", ` ${part.dataset.open} `);
      figures.push(made("span", "map-figure", word, String(facts.open)));
    }
    const name = made("span", "map-name", called(properties));
    const element = made(facts.href ? "a" : "span", "map-label", name, made("span", "map-figures", ...figures));
    element.classList.toggle("asked", properties.asked);
    if (facts.href) element.href = facts.href;
    if ("choose" in part.dataset) element.ariaHidden = "true";
    return element;
  };
  map.on("zoomend resize", settle);
  const write = (factsOf) => {
    const focused = document.activeElement?.closest?.(".map-label")?.href;
    layer.clearLayers();
    const each = areas.map((area) => ({ area, facts: factsOf(area.properties.code) }));
    each.sort((a, b) => b.facts.overdue - a.facts.overdue || b.facts.soon - a.facts.soon || b.facts.open - a.facts.open);
    shown = each.map(({ area, facts }) => {
      const element = one(area, facts);
      placed([area.properties.label[1], area.properties.label[0]], element, layer);
      return element;
    });
    settle();
    if (focused) shown.find((element) => element.href === focused)?.focus();
  };
  return { write, settle };
};

// The place that is told: a tap asks the form, which asks our service; what it finds is marked here.
const choosing = (part, map, outlines) => {
  const form = part.closest("form");
  const choice = form.querySelector("[name=area]");
  const told = part.querySelector("[data-map-told]");
  const layer = L.layerGroup().addTo(map);
  const mark = (code) =>
    outlines.eachLayer((one) => {
      const { properties } = one.feature;
      const is = Boolean(code) && (properties.code === code || properties.within.includes(code));
      one.getElement()?.classList.toggle("chosen", is);
      if (is) one.bringToFront();
    });
  map.on("click", ({ latlng }) => {
    const { lat, lng: lon } = latlng.wrap();
    layer.clearLayers();
    form.dispatchEvent(new CustomEvent("place:tapped", { detail: { lat, lon, datum: part.dataset.datum } }));
  });
  form.addEventListener("place:said", ({ detail: { found, sentence } }) => {
    layer.clearLayers();
    told.textContent = sentence;
    told.hidden = false;
    if (!found) return mark("");
    const here = [found.drawn_at.lat, found.drawn_at.lon];
    placed(here, made("span", "map-here", icon(part, "pin")), layer, 1000);
    if (!map.getBounds().contains(here)) map.panTo(here);
    mark(choice?.value);
  });
  choice?.addEventListener("change", () => {
    layer.clearLayers();
    told.hidden = true;
    mark(choice.value);
  });
  return () => mark(choice?.value);
};

export const draw = async (part) => {
  const { dataset } = part;
  const { features } = await asked(dataset.outlines);
  if (!features.length) throw new Error("nothing to draw");
  const said = part.querySelector("[data-map-said]");
  const ground = part.querySelector("[data-map-ground]");
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = L.map(ground, {
    attributionControl: false,
    zoomControl: false,
    scrollWheelZoom: false,
    zoomSnap: 0.25,
    maxZoom: CLOSEST + 1,
    zoomAnimation: !still,
    fadeAnimation: !still,
    inertia: !still,
  });
  L.control.zoom({ zoomInTitle: dataset.closer, zoomOutTitle: dataset.farther }).addTo(map);
  if (dataset.tiles) L.tileLayer(dataset.tiles, { maxZoom: CLOSEST + 1 }).addTo(map);
  ground.classList.toggle("on-tiles", Boolean(dataset.tiles));

  const outlines = L.geoJSON(features, {
    style: ({ properties }) => ({ className: `map-area${properties.asked ? " asked" : ""}`, weight: 1.5 }),
  }).addTo(map);
  const own = outlines.getLayers().filter((layer) => layer.feature.properties.asked);
  const pin = dataset.pin?.split(",").map(Number);
  const bounds = (own.length ? L.featureGroup(own) : outlines).getBounds();
  if (pin?.length === 2) {
    bounds.extend(pin);
    placed(pin, made("span", "map-here", icon(part, "pin")), map, 1000);
  }
  map.fitBounds(own.length ? bounds.pad(0.25) : bounds, { padding: [12, 12], maxZoom: CLOSEST });
  map.setMinZoom(map.getZoom() - 3);

  new ResizeObserver(() => map.invalidateSize()).observe(ground);

  let factsOf = listed(dataset);
  const label = labels(part, map, features);
  const choose = "choose" in dataset ? choosing(part, map, outlines) : null;
  const tools = { made, icon, placed, asked, closest: CLOSEST, settle: label.settle };
  const pinned = dataset.pins ? (await import(dataset.pinning)).cases(part, map, features, tools) : null;
  const cornered = dataset.corners ? (await import(dataset.cornering)).corners(part, map, tools) : null;
  if (!choose) outlines.on("mouseover", ({ layer }) => layer.bringToFront());
  outlines.on("click", ({ layer }) => {
    const { href } = factsOf(layer.feature.properties.code);
    if (href && !choose) location.assign(href);
  });
  const refresh = async () => {
    map.invalidateSize();
    factsOf = listed(dataset);
    for (const layer of own) layer.bringToFront();
    outlines.eachLayer((layer) => {
      const { state, href } = factsOf(layer.feature.properties.code);
      layer.setStyle({ fillColor: FILLED[state] ?? "transparent", fillOpacity: 1 });
      layer.getElement()?.classList.toggle("linked", Boolean(href));
    });
    label.write(factsOf);
    choose?.();
    cornered?.();
    if (pinned) said.textContent = await pinned();
  };
  document.body.addEventListener("htmx:afterSettle", () => {
    if (part.isConnected && dataset.rows && !ground.parentElement.hidden) refresh();
  });
  return { refresh };
};
