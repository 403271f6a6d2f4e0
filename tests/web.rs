//! What millpond promises, in a headless browser: the same test bodies as under `promises.rs`.

#![cfg(all(target_family = "wasm", target_os = "unknown"))]

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

#[path = "promises/all.rs"]
mod all;
