//! `cargo xtask test`: every test there is, part by part, with a summary at the end.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use clap::ValueEnum;

use crate::run::{cargo, node, root, run, tests};
use crate::{package, setup, web_page};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Rust, native: unit, integration and documentation tests, and the examples
    Rust,
    /// Rust, in wasm: in Node and in headless Chromium, and the example page
    Wasm,
    /// The npm package's own tests, in Node and, where it takes a browser, in Chromium
    Npm,
    /// The packed tarball, installed in a project of its own, in Node and in a Vite page
    Pack,
    /// The portable npm tests on that tarball: in Node, Bun and Deno, in a page and the workers of Chromium, in Firefox
    Hosts,
    /// Libraries that were written for plain fetch, by their own tests, with that of the tarball as the global one
    Dropin,
    /// The demo page in headless Chromium
    Page,
}

/// How a part ended: how many tests passed, if it counts them.
struct Outcome {
    part: Part,
    result: Result<Option<u32>>,
    time: Duration,
}

/// Runs the parts asked for (all, if none is named); the last line says how many passed and failed.
pub(crate) fn test(only: &[Part]) -> Result<ExitCode> {
    let mut tarball = None;
    let asked = |part: &Part| only.is_empty() || only.contains(part);
    let outcomes: Vec<_> = Part::value_variants().iter().copied().filter(asked).map(|part| outcome(part, &mut tarball)).collect();
    Ok(summary(&outcomes))
}

fn outcome(part: Part, tarball: &mut Option<PathBuf>) -> Outcome {
    println!("\n==== {}: {}", name(part), about(part));
    let start = Instant::now();
    let result = play(part, tarball);
    if let Err(error) = &result {
        eprintln!("{}: {error:#}", name(part));
    }
    let time = start.elapsed();
    println!("==== {}: {:.1} s", name(part), time.as_secs_f64());
    Outcome { part, result, time }
}

fn play(part: Part, tarball: &mut Option<PathBuf>) -> Result<Option<u32>> {
    match part {
        Part::Rust => native().map(Some),
        Part::Wasm => wasm().map(Some),
        Part::Npm => {
            built(tarball)?;
            npm().map(Some)
        }
        Part::Pack => pack(&built(tarball)?).map(Some),
        Part::Hosts => hosts(&built(tarball)?).map(Some),
        Part::Dropin => dropin(&built(tarball)?).map(|()| None),
        Part::Page => {
            built(tarball)?;
            page().map(|()| None)
        }
    }
}

fn native() -> Result<u32> {
    let passed = tests(&mut cargo("test --no-fail-fast --workspace"))?
        + tests(&mut cargo("test --no-fail-fast --features metrics,tracing --test metrics --test tracing"))?;
    for example in files("examples", ".rs").unwrap_or_default() {
        let name = example.file_stem().unwrap_or_default();
        println!("\nexample {}", name.display());
        run(cargo("run --quiet --features metrics,tracing --example").arg(name))?;
    }
    Ok(passed)
}

/// The same test bodies twice, chosen as `wasm-pack test` chooses them.
fn wasm() -> Result<u32> {
    setup::wasm_target()?;
    let chromium = setup::chromium()?;
    let cargo = || cargo("test --no-fail-fast --package millpond --lib --tests --target wasm32-unknown-unknown");
    println!("\nin Node");
    let node = tests(cargo().env("WASM_BINDGEN_TEST_ONLY_NODE", "1"));
    println!("\nin headless Chromium");
    let browser = tests(in_browser(&mut cargo(), &chromium));
    println!("\nthe example page, in headless Chromium");
    let page = web_page(&chromium);
    Ok(node? + browser? + page?)
}

fn in_browser<'a>(command: &'a mut Command, chromium: &setup::Chromium) -> &'a mut Command {
    command.env("WASM_BINDGEN_TEST_ONLY_WEB", "1").env("CHROMEDRIVER", &chromium.driver);
    // The default of 20 s for a whole file is short for a busy machine.
    command.env("WASM_BINDGEN_TEST_TIMEOUT", "120").env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "30")
}

fn web_page(chromium: &setup::Chromium) -> Result<u32> {
    web_page::build()?;
    let mut command = node_tests();
    tests(web_page::env(command.arg("examples/web_page/page.test.mjs")).env("CHROMIUM", &chromium.browser))
}

fn npm() -> Result<u32> {
    let chromium = setup::chromium()?;
    let mut command = node_tests();
    for folder in ["npm/test/cases", "npm/test/node"] {
        command.args(files(folder, ".test.mjs")?);
    }
    tests(command.env("CHROMIUM", chromium.browser))
}

fn pack(tarball: &Path) -> Result<u32> {
    let chromium = setup::chromium()?;
    let mut command = node_tests();
    command.arg("npm/packaging/install.test.mjs").env("MILLPOND_TARBALL", tarball);
    tests(command.env("CHROMIUM", chromium.browser))
}

fn hosts(tarball: &Path) -> Result<u32> {
    setup::runtimes()?;
    let (firefox, chromium) = (setup::firefox()?, setup::chromium()?.browser);
    let with_browsers = |mut command: Command| tests(command.env("FIREFOX", &firefox).env("CHROMIUM", &chromium));
    let mut harness = node_tests();
    harness.arg("npm/hosts/harness.test.mjs");
    let mut cases = node("npm/hosts/run.mjs");
    cases.env("MILLPOND_TARBALL", tarball);
    Ok(with_browsers(harness)? + with_browsers(cases)?)
}

/// Not fastify, which takes minutes.
fn dropin(tarball: &Path) -> Result<()> {
    run(node("npm/dropin/run.mjs static http-proxy up-fetch").env("MILLPOND_TARBALL", tarball))
}

fn page() -> Result<()> {
    let chromium = setup::chromium()?;
    run(node("www/test/headless.mjs").env("CHROMIUM", chromium.browser))
}

fn node_tests() -> Command {
    node("--test --test-reporter=spec --test-timeout=120000")
}

/// The package as the sources are now, built once per run.
fn built(tarball: &mut Option<PathBuf>) -> Result<PathBuf> {
    if tarball.is_none() {
        *tarball = Some(package::build().context("the package could not be built")?);
    }
    tarball.clone().ok_or_else(|| anyhow!("the package could not be built"))
}

/// The files of a folder with this ending, in order of their names.
fn files(folder: &str, ending: &str) -> Result<Vec<PathBuf>> {
    let entries = root().join(folder).read_dir().with_context(|| format!("cannot read {folder}"))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|file| file.to_string_lossy().ends_with(ending));
    files.sort();
    Ok(files)
}

fn summary(outcomes: &[Outcome]) -> ExitCode {
    println!("\npart    result   tests     time");
    for Outcome { part, result, time } in outcomes {
        let word = if result.is_ok() { "passed" } else { "FAILED" };
        let tests = result.as_ref().ok().copied().flatten().map_or_else(String::new, |tests| tests.to_string());
        println!("{:<7} {word:<7} {tests:>6} {:>6.1} s", name(*part), time.as_secs_f64());
    }
    let failed = outcomes.iter().filter(|outcome| outcome.result.is_err()).count();
    println!("\n{} passed, {failed} failed", outcomes.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A part as it is spelled on the command line.
fn name(part: Part) -> String {
    part.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// A part in a few words: its documentation above.
fn about(part: Part) -> String {
    part.to_possible_value().and_then(|value| Some(value.get_help()?.to_string())).unwrap_or_default()
}

/// Runs a wasm test binary; cargo calls this, see `.cargo/config.toml`.
pub(crate) fn runner(args: Vec<OsString>) -> Result<()> {
    let name = OsString::from("wasm-bindgen-test-runner");
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::iter::once(name).chain(args))
}
