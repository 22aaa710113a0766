"""Where versions are shared: a folder, an object store, a file system that the caller brings.

A remote is laid out as a store is, so that a folder which was pushed to is a store:

store.json     as of a store
packs/<name>   small contents, manifests and commits, many in a file (`packs`)
objects/ab/... a large content by itself
refs/ tags/    `refs.Refs`

Nothing in it is ever changed or removed, and what names something else is written after it: whoever reads at any moment
finds every version that he sees whole.
"""
