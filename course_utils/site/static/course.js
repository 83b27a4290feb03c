/* A page opened from its folder may not read its neighbours, so the search shows titles there, without excerpts. */
if (location.protocol === "file:" && window.DOCUMENTATION_OPTIONS) {
  window.DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}

/* What scrolls sideways in its own box can be scrolled by the keyboard, too; code that is far is not yet laid out. */
window.addEventListener("load", () => {
  const check = (box) => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  };
  for (const box of document.querySelectorAll("article pre, article table")) {
    check(box);
    box.addEventListener("contentvisibilityautostatechange", () => check(box));
  }
});
