// What pages do besides with a script: keys of the keyboard, copying, and a moment that follows its slider.
"use strict";

const lines = () => [...document.querySelectorAll("[data-line]")];

function go(step) {
  const all = lines();
  if (all.length === 0) return;
  const now = all.findIndex((line) => line.classList.contains("current"));
  const next = Math.min(all.length - 1, Math.max(0, now + step));
  all[now]?.classList.remove("current");
  const line = all[next];
  line.classList.add("current");
  const target = line.querySelector("a, button");
  if (target) target.focus({ preventScroll: true });
  line.scrollIntoView({ block: "nearest" });
}

// A dialog that is closed has the focus until the page is drawn again: keys are the page's already.
function isWriting(element) {
  return element.closest("input:not([type=range]), select, textarea, [contenteditable], dialog[open]") !== null;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || isWriting(event.target)) return;
  const search = document.querySelector("[data-search]");
  if (event.key === "/") {
    event.preventDefault();
    if (search) search.focus();
    else location.assign("/console/find");
  } else if (event.key === "j") {
    go(1);
  } else if (event.key === "k") {
    go(-1);
  } else if (event.key === "?") {
    document.getElementById("keys")?.showModal();
  }
});

document.addEventListener("click", async (event) => {
  const opens = event.target.closest("[data-opens]");
  if (opens) document.getElementById(opens.dataset.opens)?.showModal();
  const copies = event.target.closest("[data-copies]");
  if (copies) {
    await navigator.clipboard.writeText(document.getElementById(copies.dataset.copies).textContent);
    copies.textContent = copies.dataset.copied;
  }
});

document.addEventListener("input", (event) => {
  const output = event.target.closest("[data-as-of]")?.querySelector("output");
  const inGroups = { useGrouping: "always" };
  if (output) output.value = Number(event.target.value).toLocaleString(document.documentElement.lang, inGroups);
});

function prepare() {
  if (matchMedia("(max-width: 44rem)").matches) {
    for (const one of document.querySelectorAll("[data-folds-when-narrow]")) one.open = false;
  }
  for (const one of document.querySelectorAll(".only-with-script")) one.hidden = false;
  for (const one of document.querySelectorAll("[data-with-time-zone]")) {
    const address = new URL(one.href);
    address.searchParams.set("time_zone", Intl.DateTimeFormat().resolvedOptions().timeZone);
    one.href = address;
  }
  for (const one of document.querySelectorAll("[data-time-zone]")) {
    one.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
  }
}

prepare();
document.addEventListener("htmx:after:swap", prepare);
