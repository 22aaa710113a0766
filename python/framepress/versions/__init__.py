"""History of a dataset: versions that can be named, compared, taken back to, checked and shared.

A *store* (`store.Store`) holds contents under their sha256 and never changes them; a *manifest* lists the files of a
version; a *commit* names a manifest, its parent and where the data came from; *refs* number the commits of a line.
`history.History` puts them together for one dataset folder.
"""
