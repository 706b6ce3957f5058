// The search of the front page, which works without this: names and cities are suggested while somebody types, and events near them are found.
"use strict";
(() => {
  const search = document.querySelector("form.search");
  // Long enough that a fast typist asks once a word.
  const PAUSE_MS = 200;

  function suggest(input, fill) {
    let timer;
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const typed = input.value.trim();
        if (typed.length < 2) return;
        const answer = await fetch("/v1/events/suggestions?" + new URLSearchParams({ keyword: typed }));
        if (answer.ok && input.value.trim() === typed) fill(await answer.json());
      }, PAUSE_MS);
    });
  }

  function show(list, texts) {
    list.replaceChildren(...[...new Set(texts)].map((text) => {
      const option = document.createElement("option");
      option.value = text;
      return option;
    }));
  }

  const names = document.getElementById("names");
  const cities = document.getElementById("cities");
  suggest(search.elements.keyword, (found) => show(names, [...found.events.map((event) => event.name), ...found.cities]));
  suggest(search.elements.city, (found) => show(cities, found.cities));

  const near = search.querySelector("button.near");
  if (navigator.geolocation && !search.elements.near) {
    near.hidden = false;
    near.addEventListener("click", () => {
      navigator.geolocation.getCurrentPosition((here) => {
        const place = document.createElement("input");
        place.type = "hidden";
        place.name = "near";
        // Some hundred metres: nobody need know it better.
        place.value = here.coords.latitude.toFixed(2) + "," + here.coords.longitude.toFixed(2);
        search.append(place);
        search.requestSubmit();
      }, () => { near.textContent = said("place-unknown"); near.disabled = true; });
    });
  }
})();
