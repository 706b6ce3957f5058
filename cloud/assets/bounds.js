// Says of a field, while somebody types, that it has become too long: counted in bytes, as the server counts, so that an umlaut is two and an emoji
// four. The server says so too, to whoever has no scripts.
"use strict";
(() => {
  const encoder = new TextEncoder();
  const check = (field) => {
    const text = field.type === "password" ? field.value : field.value.trim();
    const isLong = encoder.encode(text).length > Number(field.dataset.bytes);
    field.setCustomValidity(isLong ? document.body.dataset.tooLong : "");
  };
  addEventListener("input", ({ target }) => { if (target.dataset.bytes) check(target); });
  document.querySelectorAll("[data-bytes]").forEach(check);
})();
