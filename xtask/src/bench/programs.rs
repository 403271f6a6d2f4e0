//! The programs that measure: built, run one after another, and read line by line.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::callgrind;
use super::entry::{Area, Entry};
use crate::run::{self, cargo, node, step, target};
use crate::{package, setup, web_page};

/// Measures an area: everything its programs say, and for the native one what callgrind counts.
pub(crate) fn measure(area: Area, quick: bool) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for mut program in programs(area)? {
        if quick {
            program.arg("--quick");
        }
        entries.extend(read(area, &mut program)?);
    }
    if area == Area::Native {
        entries.extend(callgrind::count(&bin("millpond-bench"), &entries, quick)?);
    }
    let mut ids: Vec<_> = entries.iter().map(|entry| &entry.id).collect();
    ids.sort_unstable();
    let twice = ids.windows(2).find(|pair| pair.first() == pair.last());
    ensure!(twice.is_none(), "two scenarios of one name: {twice:?}");
    Ok(entries)
}

fn programs(area: Area) -> Result<Vec<Command>> {
    if area == Area::Native {
        step("build the native benches", || run::run(&mut cargo("build --quiet --release --package millpond-benches")))?;
        return Ok(["millpond-bench", "millpond-bench-memory"].map(|name| Command::new(bin(name))).into());
    }
    package::build()?;
    setup::peers()?;
    let mut program = match area {
        Area::Browser => node("--expose-gc npm/bench/browser.mjs"),
        Area::Size => node("--expose-gc npm/bench/size.mjs"),
        Area::Drive => node("--expose-gc npm/bench/drive.mjs"),
        Area::Node | Area::Native => node("--expose-gc npm/bench/node.mjs"),
    };
    if matches!(area, Area::Browser | Area::Drive) {
        program.env("CHROMIUM", setup::chromium()?.browser);
    }
    if area == Area::Drive {
        program.env("MILLPOND_DRIVE", step("build the page in Rust", web_page::build_bench)?);
    }
    Ok(vec![program])
}

fn bin(name: &str) -> PathBuf {
    target().join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Runs a program, what it says to people shown, and reads its scenarios.
fn read(area: Area, program: &mut Command) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    run::lines(program, |number, line| {
        let entry = Entry::read(area, line).with_context(|| format!("its line {number} cannot be used: {}", run::cut(line)))?;
        entries.push(entry);
        Ok(())
    })?;
    ensure!(!entries.is_empty(), "`{}` has printed no scenario", run::line(program));
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::{POINT, line};
    use super::*;

    fn said(script: &str) -> Result<usize, String> {
        let mut program = Command::new("node");
        program.args(["--eval", script]);
        read(Area::Node, &mut program).map(|entries| entries.len()).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn lines_are_read_and_failures_name_program_and_line() {
        let good = line(false, POINT, "");
        assert_eq!(said(&format!("console.log('{good}')")), Ok(1));
        let malformed = said(&format!("console.log('{good}'); console.log('{{')"));
        assert!(malformed.as_ref().is_err_and(|error| error.starts_with("`node --eval") && error.contains("its line 2 cannot be used: {")));
        assert!(said("").is_err_and(|error| error.ends_with("has printed no scenario")));
        assert!(said("process.exit(3)").is_err_and(|error| error.contains("failed (exit")));
    }
}
