// Everything here is an addition: the pages are complete without it.
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Times: local, and "3 s ago" kept fresh. The exact time in UTC stays in the title.
  const pad = (n, width = 2) => String(n).padStart(width, "0");
  const clock = (at) => `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
  const day = (at) => at.toLocaleDateString(undefined, { day: "numeric", month: "short" });
  const ago = (at) => {
    const s = Math.round((Date.now() - at) / 1000);
    if (s < 0) return clock(at);
    if (s < 5) return "just now";
    if (s < 90) return `${s} s ago`;
    if (s < 5400) return `${Math.round(s / 60)} min ago`;
    if (s < 129600) return `${Math.round(s / 3600)} h ago`;
    return `${day(at)} ${clock(at)}`;
  };
  const times = (root = document, only = "time[data-time]") => {
    for (const element of all(only, root)) {
      const at = new Date(element.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      const form = element.dataset.time;
      const text = form === "ago" ? ago(at)
        : form === "minute" ? `${day(at)} ${pad(at.getHours())}:${pad(at.getMinutes())}`
        : form === "clock" ? `${clock(at)}.${Math.floor(at.getMilliseconds() / 100)}`
        : `${day(at)} ${clock(at)}.${pad(at.getMilliseconds(), 3)}`;
      if (element.textContent !== text) element.textContent = text;
    }
  };
  times();
  setInterval(() => { if (!document.hidden) times(document, "time[data-time=ago]"); }, 5000);

  // Copying: the whole, not what is shown of it.
  for (const button of all("[data-copy], [data-copy-from]")) {
    if (!navigator.clipboard) break;
    button.hidden = false;
    const label = button.textContent;
    button.addEventListener("click", async () => {
      try {
        const from = button.dataset.copyFrom;
        const text = from ? await (await fetch(from)).text() : all("pre", button.closest(".code")).map((pre) => pre.textContent).join("\n");
        await navigator.clipboard.writeText(text);
        button.textContent = "copied";
      } catch {
        button.textContent = "not copied";
      }
      setTimeout(() => { button.textContent = label; }, 1500);
    });
  }

  // What was folded stays folded, per kind of thing.
  const remember = { get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
    set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* private window */ } } };
  for (const fold of all("details[data-fold]")) {
    const key = `silk-fold-${fold.dataset.fold}`;
    const was = remember.get(key);
    if (was !== null) fold.open = was === "open";
    fold.addEventListener("toggle", () => remember.set(key, fold.open ? "open" : "closed"));
  }
  const unfold = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target) target.closest("section")?.querySelectorAll("details[data-fold]").forEach((d) => { d.open = true; });
  };
  addEventListener("hashchange", unfold);

  // Live rows: the same page again when the server tells of requests, else every two seconds, and
  // its rows put in place of ours. `#live` in the address turns them on, so that a reload keeps them.
  const live = document.querySelector("[data-live]");
  if (live) {
    let [on, timer, source, soon] = [false, null, null, null];
    live.hidden = false;
    const poll = async () => {
      if (document.hidden || !on) return;
      try {
        const answer = await fetch(location.href, { headers: { accept: "text/html" } });
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.querySelector("[data-rows]");
        const rows = document.querySelector("[data-rows]");
        if (fresh && !rows) { location.reload(); return; }
        if (!fresh || !on) return;
        const known = new Set(all("a", rows).map((a) => a.getAttribute("href")));
        const at = rows.querySelector("tr.at a")?.getAttribute("href");
        const focused = rows.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
        const put = all("tr", fresh).map((row) => {
          const row2 = document.importNode(row, true);
          const href = row2.querySelector("a")?.getAttribute("href");
          if (!known.has(href)) row2.classList.add("new");
          if (href === at) row2.classList.add("at");
          return row2;
        });
        rows.replaceChildren(...put);
        times(rows);
        if (focused) all("a", rows).find((a) => a.getAttribute("href") === focused)?.focus({ preventScroll: true });
        const [count, counted] = [document, page].map((root) => root.querySelector("[data-count]"));
        if (count && counted) count.textContent = counted.textContent;
      } catch { /* the app is being restarted; the next poll will tell */ }
    };
    const stop = () => { source?.close(); source = null; clearInterval(timer); };
    const start = () => {
      stop();
      poll();
      const fall = () => { stop(); timer = setInterval(poll, 2000); };
      if (!window.EventSource) { fall(); return; }
      source = new EventSource(live.dataset.live);
      for (const name of ["request", "missed"]) source.addEventListener(name, () => { soon ??= setTimeout(() => { soon = null; poll(); }, 150); });
      source.addEventListener("error", () => { if (source?.readyState === 2) fall(); });
    };
    const turn = (to) => {
      on = to;
      live.setAttribute("aria-pressed", String(on));
      history.replaceState(history.state, "", location.pathname + location.search + (on ? "#live" : ""));
      if (on) start(); else stop();
    };
    live.addEventListener("click", () => turn(!on));
    document.addEventListener("visibilitychange", () => { if (on) { if (document.hidden) stop(); else start(); } });
    if (location.hash === "#live") turn(true);
  }

  // Keys.
  // Rows of the page's tables; of a plan drawn as a tree, its nodes that are in sight.
  const rows = () => {
    const list = all("table[data-keys] > tbody > tr:not(.inner)");
    return list.length ? list : all(".pd > .pn, .pl:not(.outside) > .pn").filter((node) => node.checkVisibility());
  };
  const linkOf = (row) => row?.matches(".pn")
    ? row.parentElement.querySelector(":scope > .px a")
    : row?.querySelector("td.main a, td a, th a");
  const move = (step) => {
    const list = rows();
    if (!list.length) return;
    const from = list.findIndex((row) => row.classList.contains("at"));
    const to = from < 0 ? (step > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, from + step));
    list[from]?.classList.remove("at");
    list[to].classList.add("at");
    const node = list[to].matches(".pn") ? list[to] : null;
    if (node && node.tabIndex < 0) node.tabIndex = -1;
    (node ?? linkOf(list[to]))?.focus({ preventScroll: true });
    list[to].scrollIntoView({ block: "nearest" });
  };
  const KEYS = [
    [["j", "k"], "next, previous row or node"], [["Enter"], "open the row, fold the node"], [["n", "p"], "next, previous page or query"],
    [["u"], "up: to the request, the list"], [["/"], "to the filter"], [["l"], "live rows on and off"],
    [["e"], "EXPLAIN the query"], [["f"], "unfold or fold everything"],
    [["g o", "g f", "g r"], "Overview, Findings, Requests"], [["g s", "g t"], "Statements, Hotspots"], [["g d", "g p", "g h"], "Database, Paste, Health"], [["?"], "these keys"], [["Esc"], "close; leave a field"],
  ];
  const make = (tag, text) => { const element = document.createElement(tag); if (text) element.textContent = text; return element; };
  const help = () => {
    const old = document.querySelector("dialog.keys");
    if (old) { old.remove(); return; }
    const dialog = make("dialog");
    dialog.className = "keys";
    dialog.setAttribute("aria-labelledby", "keys");
    const title = make("h2", "Keys");
    title.id = "keys";
    const list = make("dl");
    for (const [keys, what] of KEYS) {
      const term = make("dt");
      term.append(...keys.flatMap((key) => [make("kbd", key), " "]));
      list.append(term, make("dd", what));
    }
    const form = make("form");
    form.method = "dialog";
    form.append(make("button", "Close"));
    dialog.append(title, list, form);
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.remove(); });
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  };
  for (const button of all("[data-help]")) {
    button.hidden = false;
    button.addEventListener("click", help);
  }
  const follow = (selector) => { const link = document.querySelector(selector); if (link) location.href = link.href; };
  const NAMES = { o: "overview", f: "findings", r: "requests", t: "hotspots", s: "statements", d: "database", p: "paste", h: "health" };
  let went = 0;
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest?.("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (document.querySelector("dialog[open]")) {
      if (event.key === "?") help();
      return;
    }
    if (Date.now() - went < 1500 && NAMES[event.key]) {
      went = 0;
      follow(`header nav a[data-nav=${NAMES[event.key]}]`);
      return;
    }
    switch (event.key) {
      case "j": move(1); break;
      case "k": move(-1); break;
      case "g": went = Date.now(); break;
      case "l": live?.click(); break;
      case "n": follow("a[rel=next]"); break;
      case "p": follow("a[rel=prev]"); break;
      case "u": follow(document.querySelector(".crumbs a") ? ".crumbs a:last-of-type" : "header nav a[aria-current]"); break;
      case "e": document.querySelector("[data-explain]")?.click(); break;
      case "f": {
        const folds = all("main details");
        const open = folds.some((fold) => !fold.open);
        folds.forEach((fold) => { fold.open = open; });
        break;
      }
      case "?": help(); break;
      case "/": {
        const field = document.querySelector("[data-filter]");
        if (!field) return;
        event.preventDefault();
        field.focus();
        field.select();
        break;
      }
      case "Enter": {
        if (event.target.closest?.("a, button, summary")) return;
        const link = linkOf(document.querySelector("tr.at, .pn.at"));
        if (link) location.href = link.href;
        break;
      }
      default: return;
    }
  });
  unfold();
})();
