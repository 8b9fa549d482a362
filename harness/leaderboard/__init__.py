"""Many results on one static site: collected, grouped by what was asked alike, ranked, and written.

`collect` finds results, `asked` and `groups` say which of their figures may stand beside each other,
`ranking` orders them, `board` puts all of it together as data, and `site` makes files of that.
"""
