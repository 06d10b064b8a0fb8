"use strict";
// Numbers are sent as they were written: a 64-bit one is more than JavaScript's can hold.
const WRITTEN = {
  whole: /^-?[0-9]+$/,
  number: /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$/,
};
const EXPECTED = { whole: "a whole number", number: "a number", json: "JSON" };

function valueOf(input) {
  const { kind, touched } = input.dataset;
  const hasDefault = input.dataset.default !== undefined;
  const text = kind === "text" ? input.value : input.value.trim();
  if (text === "" && (kind !== "text" || (hasDefault && !touched))) {
    return hasDefault ? undefined : "null";
  }
  if (kind === "bool") return text;
  if (kind in WRITTEN) {
    if (!WRITTEN[kind].test(text)) throw new Error(`${input.name}: expected ${EXPECTED[kind]}`);
    return text;
  }
  if (kind === "json") {
    try {
      JSON.parse(text);
    } catch (error) {
      throw new Error(`${input.name}: ${error.message}`);
    }
    return text;
  }
  return JSON.stringify(text);
}

function bodyOf(form) {
  const members = [];
  for (const input of form.querySelectorAll("[data-kind]")) {
    const value = valueOf(input);
    if (value !== undefined) members.push(`${JSON.stringify(input.name)}:${value}`);
  }
  return `{${members.join(",")}}`;
}

function say(form, text, good, answer) {
  const status = form.querySelector(".status");
  status.textContent = text;
  status.className = `status ${good ? "good" : "bad"}`;
  const pre = form.querySelector(".answer");
  pre.textContent = answer || "";
  pre.hidden = !answer;
}

async function call(form) {
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const mount = location.pathname.replace(/\/?$/, "/");
    const method = form.dataset.method.split("/").map(encodeURIComponent).join("/");
    const response = await fetch(mount + method, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: bodyOf(form),
    });
    say(form, `${response.status} ${response.statusText}`.trim(), response.ok, await response.text());
  } catch (error) {
    say(form, error.message, false);
  } finally {
    button.disabled = false;
  }
}

for (const form of document.querySelectorAll("form[data-method]")) {
  form.addEventListener("input", (event) => { event.target.dataset.touched = "yes"; });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    call(form);
  });
}
function show() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
}
addEventListener("hashchange", show);
show();
