// What scripts say to people: texts that the page hands in, in its language.
"use strict";
const handedIn = JSON.parse(document.getElementById("words").textContent);
const language = document.documentElement.lang;
const pluralOf = new Intl.PluralRules(language);
// Letters that are written from right to left.
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

// Sets a value apart from what is around it where one of them is written from right to left.
function setApart(value) {
  return document.documentElement.dir === "rtl" || RIGHT_TO_LEFT.test(value) ? `\u2068${value}\u2069` : String(value);
}

function filledIn(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => setApart(values[name]));
}

// Says a text by its key.
function said(key, values = {}) {
  return filledIn(handedIn.texts[key], values);
}

// Says a text that depends on how many there are.
function counted(key, count, values = {}) {
  const forms = handedIn.texts[key];
  return filledIn(forms[pluralOf.select(count)] ?? forms.other, { shown: count, ...values });
}

// Says why the API has refused something: in the page's language as far as that is known, else in the API's own words.
function refused(answer) {
  const slug = answer?.type?.replace("urn:usher:problem:", "");
  return handedIn.problems?.[slug] ?? answer?.detail ?? said("went-wrong");
}
