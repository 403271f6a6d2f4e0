//! `cargo xtask check`: everything that can be told without running a test.

use anyhow::Result;

use crate::run::{cargo, root, run, step};
use crate::{package, setup, tidy};

const WASM: &str = "--target wasm32-unknown-unknown";

/// Stops at the first that fails, the quickest first.
pub(crate) fn check() -> Result<()> {
    setup::components()?;
    setup::wasm_target()?;
    step("tidy: the project's own rules", || tidy::tidy(root()))?;
    step("rustfmt", || run(&mut cargo("fmt --all --check")))?;
    step("clippy, native", || clippy("--workspace"))?;
    step("clippy, native, with js", || clippy("--package millpond --features js"))?;
    step("clippy, wasm", || clippy(&format!("--package millpond {WASM}")))?;
    step("clippy, wasm, with js", || clippy(&format!("--package millpond --features js {WASM}")))?;
    step("rustdoc", || run(cargo("doc --quiet --package millpond --no-deps").env("RUSTDOCFLAGS", "-D warnings")))?;
    // The build checks the package's own sources; the page is checked against the types that come out of it.
    package::build()?;
    step("tsc, the page", || run(&mut package::tsc("www/jsconfig.json")))?;
    println!("\nall checks passed");
    Ok(())
}

fn clippy(args: &str) -> Result<()> {
    run(&mut cargo(&format!("clippy --quiet --all-targets {args} -- -D warnings")))
}
