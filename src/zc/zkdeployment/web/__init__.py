"""The dashboard: the fleet in a browser, live, and steered by those who have a token.

``views`` says what is shown, as data; ``hub`` follows the fleet and tells browsers what
changed; ``reading`` and ``actions`` answer requests; ``app`` puts them together, ``server``
serves that. The pages in ``static`` are plain files that are sent as they are.
"""
