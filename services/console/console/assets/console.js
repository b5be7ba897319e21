// The page is whole without this script: it only keeps what is on it up to date, by asking for the page
// again (`fetch.py` asks the services).
(() => {
  "use strict";
  const EVERY = 4000;

  // The face goes on between two answers; the sandbox's next answer puts it right.
  const tick = () => {
    for (const face of document.querySelectorAll("[data-clock]")) {
      face.at ??= { shown: Date.parse(face.dateTime), since: performance.now() };
      const now = new Date(face.at.shown + performance.now() - face.at.since);
      face.textContent = now.toISOString().slice(11, 19);
    }
  };

  const busy = (part) => part.contains(document.activeElement) || part.querySelector("details[open]") || !getSelection().isCollapsed;

  const refresh = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-live]")) {
        const next = fresh.getElementById(part.id);
        if (next && !busy(part) && next.innerHTML !== part.innerHTML) part.replaceWith(next);
      }
      tick();
    } catch {
      // The console is away: the page keeps what it has.
    }
  };

  const loop = () => setTimeout(() => refresh().finally(loop), EVERY);
  setInterval(tick, 1000);
  loop();
})();
