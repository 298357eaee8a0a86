// A page that moves as events become durable: a board is put in its place, and a call grows.
"use strict";

const LOOK_AGAIN_MILLISECONDS = 10_000;
const TRY_AGAIN_MILLISECONDS = 2_000;
const connection = document.querySelector("[data-follows]");
const said = connection.querySelector("[data-said]");
const pauses = connection.querySelector("[data-pauses]");
const pauseWord = pauses.textContent;
let stream = null;
let waiting = null;
let isPaused = false;
let follows = connection.dataset.follows;

function say(what) {
  if (connection.dataset.state === what) return;
  connection.dataset.state = what;
  said.textContent = said.dataset[what];
}

function follow() {
  stream = new EventSource(follows);
  stream.addEventListener("open", () => say("connected"));
  stream.addEventListener("board", (event) => take(event, showBoard));
  stream.addEventListener("moved", (event) => take(event, growCall));
  stream.addEventListener("error", () => {
    if (stream.readyState !== EventSource.CLOSED) return say("lost");
    say("ended");
    setTimeout(() => isPaused || follow(), LOOK_AGAIN_MILLISECONDS);
  });
}

// What comes while nobody looks is kept once, and shown when somebody does.
function take(event, show) {
  follows = follows.replace(/after=\d+/, `after=${event.lastEventId}`);
  if (document.hidden) waiting = () => show(event.data);
  else show(event.data);
}

function showBoard(content) {
  const board = document.getElementById("board");
  const focused = board.contains(document.activeElement) ? document.activeElement.id : "";
  const scrolled = board.querySelector(".scrolled")?.scrollLeft ?? 0;
  const before = new Map(rowsOf(board).map((row) => [row.dataset.row, still(row)]));
  board.innerHTML = content;
  for (const row of rowsOf(board)) {
    if (before.get(row.dataset.row) !== still(row)) row.classList.add("moved");
  }
  const place = board.querySelector(".scrolled");
  if (place) place.scrollLeft = scrolled;
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

const rowsOf = (board) => [...board.querySelectorAll("[data-row]")];
const still = (row) => [...row.cells].slice(0, 4).map((cell) => cell.textContent).join("\n");

// New entries come after those that are read; the facts and the picture are put in their places.
async function growCall() {
  const answer = await fetch(location.href).catch(() => null);
  if (answer?.redirected) return say("ended");
  if (!answer?.ok) {
    say("lost");
    return setTimeout(growCall, TRY_AGAIN_MILLISECONDS);
  }
  say("connected");
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const place of [".facts", ".picture", ".moment", "#call nav.pages"]) {
    const [now, then] = [document.querySelector(place), page.querySelector(place)];
    if (now && then && !now.contains(document.activeElement)) now.replaceWith(then);
  }
  let last = null;
  for (const entry of page.querySelectorAll(".entries > .entry")) {
    const known = document.getElementById(entry.id);
    if (!known) {
      entry.classList.add("moved");
      if (last) last.after(entry);
      else document.querySelector(".entries").prepend(entry);
    }
    last = known ?? entry;
  }
  globalThis.htmx?.process(document.querySelector(".entries"));
}

function tick() {
  if (isPaused) return;
  for (const one of document.querySelectorAll("[data-since]")) {
    const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(one.dateTime)) / 1_000));
    const [hours, rest] = [Math.floor(seconds / 3_600), seconds % 3_600];
    const minutes = Math.floor(rest / 60);
    const two = (number) => String(number).padStart(2, "0");
    one.textContent = hours ? `${hours}:${two(minutes)}:${two(rest % 60)}` : `${minutes}:${two(rest % 60)}`;
  }
}

pauses.addEventListener("click", () => {
  isPaused = !isPaused;
  pauses.textContent = isPaused ? pauses.dataset.goOn : pauseWord;
  if (isPaused) {
    stream.close();
    say("paused");
  } else follow();
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden || waiting === null) return;
  waiting();
  waiting = null;
});

addEventListener("pagehide", () => stream?.close());
setInterval(tick, 1_000);
follow();
