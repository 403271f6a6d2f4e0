//! `cargo xtask web-page`: the example page in Rust (`examples/web_page`), built, bound to JavaScript and served.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::demo::become_;
use crate::run::{cargo, node, run, target};
use crate::setup;

/// Builds, then becomes the page's server.
pub(crate) fn serve(port: u16) -> Result<()> {
    build()?;
    become_(env(&mut node("examples/web_page/server.mjs --port")).arg(port.to_string()))
}

/// The page's module, with the names and the checks of a development build.
pub(crate) fn build() -> Result<()> {
    setup::wasm_target()?;
    setup::node()?;
    run(&mut cargo("build --quiet --package millpond-web-page --target wasm32-unknown-unknown"))?;
    bind("debug/millpond_web_page.wasm", "web_page", &built())
}

/// The module of the page that `npm/bench/drive.mjs` looks at, as fast as it can be; says where it is.
pub(crate) fn build_bench() -> Result<PathBuf> {
    setup::wasm_target()?;
    run(&mut cargo("build --quiet --release --package millpond-bench-drive --target wasm32-unknown-unknown"))?;
    let folder = target().join("bench_drive");
    bind("release/millpond_bench_drive.wasm", "bench_drive", &folder)?;
    Ok(folder)
}

fn bind(wasm: &str, name: &str, folder: &Path) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(target().join("wasm32-unknown-unknown").join(wasm)).out_name(name).web(true)?;
    bindgen.typescript(false).generate(folder).with_context(|| format!("cannot bind {name} to JavaScript"))
}

/// Tells the page's server where the built files are.
pub(crate) fn env(command: &mut Command) -> &mut Command {
    command.env("WEB_PAGE", built())
}

fn built() -> PathBuf {
    target().join("web_page")
}
