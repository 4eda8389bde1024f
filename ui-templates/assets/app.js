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
    button.addEventListener("click", async () => {
      try {
        const from = button.dataset.copyFrom;
        const text = from ? await (await fetch(from)).text() : button.closest(".code").querySelector("pre").textContent;
        await navigator.clipboard.writeText(text);
        button.textContent = "copied";
      } catch {
        button.textContent = "not copied";
      }
      setTimeout(() => { button.textContent = "copy"; }, 1500);
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
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (target) target.closest("section")?.querySelectorAll("details[data-fold]").forEach((d) => { d.open = true; });
  };
  addEventListener("hashchange", unfold);

  // Live rows: the same page again every two seconds, and its rows put in place of ours.
  const live = document.querySelector("[data-live]");
  if (live) {
    let timer = null;
    live.hidden = false;
    const poll = async () => {
      if (document.hidden) return;
      try {
        const answer = await fetch(location.href, { headers: { accept: "text/html" } });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.querySelector("[data-rows]");
        const rows = document.querySelector("[data-rows]");
        if (!answer.ok) return;
        if (fresh && !rows) { location.reload(); return; }
        if (!fresh) return;
        const known = new Set(all("a", rows).map((a) => a.getAttribute("href")));
        const at = rows.querySelector("tr.at a")?.getAttribute("href");
        const put = all("tr", fresh).map((row) => {
          const row2 = document.importNode(row, true);
          const href = row2.querySelector("a")?.getAttribute("href");
          if (!known.has(href)) row2.classList.add("new");
          if (href === at) row2.classList.add("at");
          return row2;
        });
        rows.replaceChildren(...put);
        times(rows);
      } catch { /* the app is being restarted; the next poll will tell */ }
    };
    const turn = (on) => {
      clearInterval(timer);
      timer = on ? setInterval(poll, 2000) : null;
      live.setAttribute("aria-pressed", String(on));
      remember.set("silk-live", on ? "on" : "off");
      if (on) poll();
    };
    live.addEventListener("click", () => turn(timer === null));
    if (remember.get("silk-live") === "on") turn(true);
  }

  // Keys.
  const rows = () => all("table[data-keys] > tbody > tr:not(.inner)");
  const move = (step) => {
    const list = rows();
    if (!list.length) return;
    const from = list.findIndex((row) => row.classList.contains("at"));
    const to = from < 0 ? (step > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, from + step));
    list[from]?.classList.remove("at");
    list[to].classList.add("at");
    list[to].scrollIntoView({ block: "nearest" });
  };
  const help = () => {
    const old = document.querySelector("dialog.keys");
    if (old) { old.remove(); return; }
    const dialog = document.createElement("dialog");
    dialog.className = "keys";
    dialog.setAttribute("aria-label", "Keys");
    const list = document.createElement("dl");
    for (const [key, what] of [["j / k", "next, previous row"], ["Enter", "open the row"], ["/", "to the filter"], ["l", "live rows on and off"], ["g o · g r · g s · g h", "Overview, Requests, Statements, Health"], ["?", "these keys"], ["Esc", "close"]]) {
      const term = document.createElement("dt");
      const said = document.createElement("dd");
      term.textContent = key;
      said.textContent = what;
      list.append(term, said);
    }
    dialog.append(list);
    dialog.addEventListener("click", () => dialog.remove());
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  };
  let went = 0;
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (Date.now() - went < 1000 && "orsh".includes(event.key)) {
      const link = all("header nav a")["orsh".indexOf(event.key)];
      if (link) { went = 0; location.href = link.href; return; }
    }
    switch (event.key) {
      case "j": move(1); break;
      case "k": move(-1); break;
      case "g": went = Date.now(); break;
      case "l": live?.click(); break;
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
        const link = document.querySelector("tr.at td.main a, tr.at td a");
        if (link) location.href = link.href;
        break;
      }
      default: return;
    }
  });
  unfold();
})();
