// What is shut must not be lost: a link to something in a fold opens it, and paper has no folds.

function openLinked() {
  const target = document.getElementById(location.hash.slice(1));
  const shut = [];
  for (let at = target; at; at = at.parentElement) {
    if (at.localName === "details" && !at.open) shut.push(at);
  }
  for (const fold of shut) fold.open = true;
  if (shut.length) target.scrollIntoView({ behavior: "instant" });
}

let shutOnScreen = [];
addEventListener("beforeprint", () => {
  shutOnScreen = [...document.querySelectorAll("details:not([open])")];
  for (const fold of shutOnScreen) fold.open = true;
});
addEventListener("afterprint", () => {
  for (const fold of shutOnScreen) fold.open = false;
  shutOnScreen = [];
});
addEventListener("hashchange", openLinked);
openLinked();
