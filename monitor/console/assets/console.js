// Keeps a page up to date. Everything works without it: a page shows its moment, forms are plain forms.
"use strict";

(() => {
  const main = document.querySelector("main[data-events]");
  if (!main || !window.EventSource) return;

  const connection = document.getElementById("connection");
  const pause = document.getElementById("pause");
  document.getElementById("follow").hidden = false;

  const policy = window.trustedTypes
    ? window.trustedTypes.createPolicy("console", { createHTML: (html) => html })
    : { createHTML: (html) => html };

  let source = null;
  let silence = 0;
  let paused = false;

  function say(text, state) {
    if (connection.textContent !== text) connection.textContent = text;
    connection.dataset.state = state;
  }

  // The service's own HTML, patched in place: focus, scroll positions and open details stay.
  function patch(old, fresh) {
    patchAttributes(old, fresh);
    const olds = [...old.childNodes];
    const freshes = [...fresh.childNodes];
    freshes.forEach((node, at) => {
      const there = olds[at];
      if (!there) old.appendChild(node);
      else if (there.nodeType !== node.nodeType || there.nodeName !== node.nodeName || there.id !== node.id)
        there.replaceWith(node);
      else if (node.nodeType === Node.ELEMENT_NODE) patch(there, node);
      else if (there.nodeValue !== node.nodeValue) there.nodeValue = node.nodeValue;
    });
    olds.slice(freshes.length).forEach((node) => node.remove());
  }

  function patchAttributes(old, fresh) {
    for (const { name } of [...old.attributes])
      if (!fresh.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS")) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes)
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }

  function show(html) {
    const parsed = new DOMParser().parseFromString(policy.createHTML(html), "text/html");
    const fresh = parsed.getElementById("live");
    if (fresh) patch(document.getElementById("live"), fresh);
  }

  function open() {
    if (source || paused || document.hidden) return;
    source = new EventSource(main.dataset.events);
    source.onopen = () => {
      heard();
      say("Live", "live");
    };
    source.onmessage = (event) => show(event.data);
    source.onerror = () => {
      if (source && source.readyState === EventSource.CLOSED) refused();
      else later();
    };
  }

  // A stream ends every few seconds and comes back at once; only a longer silence is worth a word.
  // Each attempt to come back fails with an error of its own, which must not begin the silence anew.
  function later() {
    silence = silence || setTimeout(() => {
      silence = 0;
      if (source && source.readyState === EventSource.CONNECTING) lost();
    }, 3000);
  }

  function heard() {
    clearTimeout(silence);
    silence = 0;
  }

  function lost() {
    const taken = document.querySelector("#live .note time");
    say(taken ? `No answer; figures of ${taken.textContent}` : "No answer", "lost");
  }

  // The session has ended, or the page is gone: then the page itself says which. A proxy before a
  // service that is away answers too, and must not take the figures' place.
  async function refused() {
    close();
    heard();
    try {
      const answer = await fetch(window.location.href, { cache: "no-store" });
      if (answer.status < 500) return window.location.reload();
    } catch {
      // Nobody answers at all.
    }
    lost();
    setTimeout(open, 3000);
  }

  function close() {
    if (source) source.close();
    source = null;
  }

  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    if (paused) {
      close();
      say("Paused", "paused");
    } else {
      say("Live", "live");
      open();
    }
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", open);
  open();
})();
