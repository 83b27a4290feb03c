"""From notebooks to the published site.

`execute` runs each chapter once and keeps its outputs, `pages` stages what a reader may see, `book` builds it with
Jupyter Book, `checks` proves that nothing leaked, `sphinx_extension` makes the pages self-contained.
"""
