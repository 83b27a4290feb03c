/* Brings the living figures of a page to life, without a kernel and without a network.
 *
 * A classic script on purpose: a page that was opened from its folder (file://) may neither load modules nor fetch
 * data, but it may run scripts, and a script may import a module from a blob. So the modules are in here as text, and
 * what a figure needs besides (weights) is a classic script of its own, loaded when the figure comes near.
 */
(() => {
  "use strict";

  // Put in when the site is built: of each module the names of its parts, and of each part its text.
  const modules = "MODULES";
  const texts = "TEXTS";
  const base = new URL(".", document.currentScript.src);
  const SELECTOR = ".course-widget[data-module]";
  const NEAR = "600px";

  /** Load something once: the same promise for the same key. */
  function once(load) {
    const promises = new Map();
    return (key, ...rest) => {
      if (!promises.has(key)) promises.set(key, load(key, ...rest));
      return promises.get(key);
    };
  }

  const importModule = once(async (name) => {
    if (!Object.hasOwn(modules, name)) throw new Error(`there is no module "${name}"`);
    const source = modules[name].map((part) => texts[part]).join("\n");
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    return (await import(url)).default;
  });

  const arrived = new Map();
  window.courseAssets = {
    /** Seven bits a character; characters that cannot stand in a script are written 128 higher. */
    put(name, length, letters) {
      const bytes = new Uint8Array(length);
      let bits = 0, waiting = 0; // not yet written
      for (let i = 0, at = 0; at < length; i += 1) {
        bits = ((bits << 7) | (letters.charCodeAt(i) & 127)) & 0x7fff;
        waiting += 7;
        if (waiting >= 8) bytes[at++] = bits >> (waiting -= 8);
      }
      arrived.set(name, bytes);
    },
  };
  const inflate = (bytes) =>
    new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();

  const loadAsset = once(
    (name) =>
      new Promise((resolve, reject) => {
        const missing = () => reject(new Error(`the file assets/${name}.js is missing`));
        const script = document.createElement("script");
        script.src = new URL(`assets/${name}.js`, base).href;
        // Bytes arrive as in JupyterLab: as a DataView.
        script.onload = () =>
          arrived.has(name) ? inflate(arrived.get(name)).then((buffer) => resolve(new DataView(buffer)), missing) : missing();
        script.onerror = missing;
        document.head.append(script);
      }),
  );

  /** The part of anywidget's model that a figure may use: state with listeners, and nobody to send it to. */
  class Model {
    #state;
    #listeners = new Map();

    /** `loadLate()` brings the assets that the figure can begin without; in JupyterLab they are there at once. */
    constructor(state, loadLate) {
      this.#state = state;
      this.loadLate = loadLate;
    }

    get(key) {
      return this.#state[key];
    }

    set(key, value) {
      if (this.#state[key] === value) return;
      this.#state[key] = value;
      for (const listener of [...(this.#listeners.get(`change:${key}`) ?? [])]) listener();
    }

    save_changes() {}

    on(event, listener) {
      if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
      this.#listeners.get(event).add(listener);
    }

    off(event, listener) {
      this.#listeners.get(event)?.delete(listener);
    }
  }

  /** Two views of one Python object share its model. */
  const makeModel = once(async (id, place) => {
    const state = JSON.parse(place.dataset.state);
    const assets = Object.entries(JSON.parse(place.dataset.assets));
    const late = JSON.parse(place.dataset.late);
    const load = (some) =>
      Promise.all(
        some.map(async ([trait, asset]) => {
          state[trait] = await loadAsset(asset);
        }),
      );
    await load(assets.filter(([trait]) => !late.includes(trait)));
    return new Model(state, () => load(assets));
  });

  /** Put the live figure in the place of its static version, which stays where anything goes wrong. */
  const hydrate = once(async (place) => {
    try {
      const widget = await importModule(place.dataset.module);
      const model = await makeModel(place.dataset.model, place);
      const el = document.createElement("div");
      await widget.render({ model, el });
      place.replaceChildren(el);
      place.dataset.hydrated = "ok";
      performance.mark("course-figure-alive");
    } catch (error) {
      place.dataset.hydrated = "error";
      console.error(`The figure "${place.dataset.name}" stays as it is: ${error.message}`);
    }
  });

  /** The place of the figure that an address such as `#unroll?w_h=0.2` names, where it is not alive yet. */
  function sleepingPlace(hash) {
    const name = /^#([\w-]+)\?/.exec(hash)?.[1];
    const places = [...document.querySelectorAll(SELECTOR)];
    return places.find((place) => place.dataset.name === name && !place.dataset.hydrated);
  }

  async function wakeByAddress() {
    const place = sleepingPlace(location.hash);
    if (!place) return;
    await hydrate(place);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  }

  function wakeByLink(event) {
    const link = event.target.closest?.("a[href^='#']");
    const place = link && sleepingPlace(link.getAttribute("href"));
    if (!place) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    hydrate(place).then(() => link.click());
  }

  function start() {
    // Kept when the figures that are in sight at first are alive: what takes long can wait for them.
    let tellWhichAreNear;
    window.courseFigures = new Promise((resolve) => {
      tellWhichAreNear = resolve;
    });
    const watcher = new IntersectionObserver(
      (entries) => {
        const near = entries.filter((each) => each.isIntersecting).map((each) => each.target);
        for (const place of near) watcher.unobserve(place);
        tellWhichAreNear(Promise.all(near.map((place) => hydrate(place))));
      },
      { rootMargin: NEAR },
    );
    for (const place of document.querySelectorAll(SELECTOR)) {
      // What is in sight need not wait for the page's first picture, after which the watcher would tell.
      if (place.getBoundingClientRect().top < innerHeight) hydrate(place);
      watcher.observe(place);
    }
    window.addEventListener("click", wakeByLink, true);
    window.addEventListener("hashchange", wakeByAddress);
    wakeByAddress();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
