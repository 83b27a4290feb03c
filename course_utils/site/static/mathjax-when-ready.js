/* MathJax typesets for a second; the page is there to be read and clicked before that. */
(() => {
  const script = document.createElement("script");
  script.src = new URL("mathjax/tex-chtml-full.js", document.currentScript.src).href;
  const start = () => document.head.append(script);
  if (document.readyState === "complete") start();
  else window.addEventListener("load", () => setTimeout(start));
})();
