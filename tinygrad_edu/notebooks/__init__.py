"""How things show themselves in a notebook: as tables that need no styles, in the colors of the pictures.

A notebook has a theme of its own, light or dark, and no page can ask which. So text has the color of the text around
it, grounds are transparent, and what is colored is a tint that lies as well on white as on black. Where styles are
taken away, as on some sites that show notebooks, tables, captions and headings remain.

The classes name what shows them by `later`, so this room is loaded when a notebook first asks.
"""
