/* MathJax typesets for a second; the page is there to be read and clicked before that, and the figures in sight first. */
(() => {
  const script = document.createElement("script");
  script.src = new URL("mathjax/tex-chtml-full.js", document.currentScript.src).href;
  const longest = () => new Promise((resolve) => setTimeout(resolve, 3000));
  const start = () => Promise.race([window.courseFigures, longest()]).then(() => document.head.append(script));
  if (document.readyState === "complete") start();
  else window.addEventListener("load", () => setTimeout(start));
})();
