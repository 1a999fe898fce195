// Shows times as local ones, and keeps the log of the page up to date. All the rest works without it.
"use strict";
(() => {
  // As 2026-11-27 23:59:59, whatever the language; UTC, which the server wrote, is there on hover.
  const localise = (root) => {
    for (const time of root.querySelectorAll("time[datetime]")) {
      time.title = time.textContent;
      time.textContent = new Date(time.dateTime).toLocaleString("sv");
    }
  };
  localise(document);

  const log = document.getElementById("log");
  if (!log) return;
  const atMost = Number(log.dataset.atMost);
  const changed = document.getElementById("changed");
  const none = document.getElementById("no-events");

  const pause = document.createElement("button");
  let paused = false;
  pause.type = "button";
  pause.textContent = "Pause the log";
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Go on with the log" : "Pause the log";
  });
  log.before(pause);

  const last = () => Number(log.firstElementChild?.dataset.number ?? 0);
  const look = async () => {
    if (paused || document.hidden) return;
    const response = await fetch(`/page/log?after=${last()}`);
    if (!response.ok) return;
    const news = document.createElement("template");
    // The items are escaped by the server, as on the page itself.
    news.innerHTML = await response.text();
    if (!news.content.firstElementChild) return;
    localise(news.content);
    log.prepend(news.content);
    while (log.children.length > atMost) log.lastElementChild.remove();
    if (none) none.hidden = true;
    if (changed) changed.hidden = false;
  };
  const forever = async () => {
    try {
      await look();
    } catch {
      // The sandbox has stopped; it may come back.
    }
    setTimeout(forever, 1000);
  };
  forever();
})();
