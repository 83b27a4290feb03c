/* A page opened from its folder may not read its neighbours, so the search shows titles there, without excerpts. */
if (location.protocol === "file:" && window.DOCUMENTATION_OPTIONS) {
  window.DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}
