//! `cargo xtask demo`: the page at work on real origins, to look at or by itself in a headless browser.

use std::process::Command;

use anyhow::Result;

use crate::run::{node, target};
use crate::{package, setup};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Run the page in Chromium by itself, print a table per origin, write screenshots to target/demo, fail if a promise was broken
    #[arg(long, conflicts_with = "port")]
    headless: bool,
    /// The page's port (default: any free one)
    #[arg(long)]
    port: Option<u16>,
}

/// Builds, then becomes the server, or the headless run.
pub(crate) fn demo(options: &Options) -> Result<()> {
    package::build()?;
    let mut command = if options.headless { headless()? } else { node("www/server/demo.mjs") };
    if let Some(port) = options.port {
        command.args(["--port", &port.to_string()]);
    }
    become_(&mut command)
}

fn headless() -> Result<Command> {
    let chromium = setup::chromium()?;
    let mut command = node("www/test/headless.mjs --screenshot");
    command.arg(target().join("demo")).env("CHROMIUM", chromium.browser);
    Ok(command)
}

/// Puts the command in our own place: Ctrl-C and every other signal reach it, and nothing is left behind.
#[cfg(unix)]
pub(crate) fn become_(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    Err(command.exec().into())
}

#[cfg(not(unix))]
pub(crate) fn become_(command: &mut Command) -> Result<()> {
    crate::run::run(command)
}
