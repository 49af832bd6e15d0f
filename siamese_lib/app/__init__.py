"""The network as a page in the browser; it needs Gradio, the extra `app`.

start      starts the page, also in a notebook's cell
compared   the comparison of two pictures
ranked     the ranking of a gallery
rates_of   scored validation pairs, to which error rates refer
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
