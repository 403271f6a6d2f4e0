//! What millpond promises, natively and on wasm under Node: the same test bodies, see `promises/all.rs`. In a browser: `web.rs`.

#[path = "promises/all.rs"]
mod all;
