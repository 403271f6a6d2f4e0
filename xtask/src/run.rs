//! Child processes: run one, show or read what it prints, and name it when it fails.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

/// The workspace's root.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// Where build results go.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// `program` with `args` (separated by spaces), to run in the workspace's root.
pub(crate) fn command(program: &str, args: &str) -> Command {
    let mut command = Command::new(program);
    command.args(args.split_whitespace()).current_dir(root());
    command
}

/// The cargo that runs us, so that its toolchain is the one used throughout.
pub(crate) fn cargo(args: &str) -> Command {
    command(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()), args)
}

/// A Node script of this repository.
pub(crate) fn node(script: &str) -> Command {
    command("node", script)
}

/// npm, in `npm/`.
pub(crate) fn npm(args: &str) -> Command {
    let mut npm = command(if cfg!(windows) { "npm.cmd" } else { "npm" }, args);
    npm.current_dir(root().join("npm"));
    npm
}

/// Runs it to its end, output shown.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start `{}`", line(command)))?;
    ensure!(status.success(), "`{}` failed ({status})", line(command));
    Ok(())
}

/// Runs it to its end and returns what it printed; shows that only if it failed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start `{}`", line(command)))?;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (status, stdout) = (output.status, text(&output.stdout));
    ensure!(status.success(), "`{}` failed ({status})\n{stdout}{}", line(command), text(&output.stderr));
    Ok(stdout)
}

/// Runs it to its end and hands over each line it prints, with its number; ends it when a line is refused.
pub(crate) fn lines(command: &mut Command, mut take: impl FnMut(usize, &str) -> Result<()>) -> Result<()> {
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start `{}`", line(command)))?;
    if let Some(stdout) = child.stdout.take() {
        for (text, number) in BufReader::new(stdout).lines().zip(1..) {
            if let Err(error) = text.map_err(Into::into).and_then(|text| take(number, &text)) {
                child.kill()?;
                child.wait()?;
                return Err(error.context(format!("`{}`", line(command))));
            }
        }
    }
    let status = child.wait()?;
    ensure!(status.success(), "`{}` failed ({status})", line(command));
    Ok(())
}

/// Runs a test command, output shown, and returns how many tests it says it passed.
///
/// A run of no test at all is a failure: it would prove nothing.
pub(crate) fn tests(command: &mut Command) -> Result<u32> {
    let mut passed = 0;
    lines(command, |_number, text| {
        passed += passed_in(text).unwrap_or(0);
        println!("{text}");
        Ok(())
    })?;
    ensure!(passed > 0, "`{}` ran no test", line(command));
    Ok(passed)
}

/// The number of passed tests in a summary line of Rust's test harness, or of Node's.
fn passed_in(line: &str) -> Option<u32> {
    let number = line.strip_prefix("test result: ok. ").or_else(|| line.strip_prefix("ℹ pass "))?;
    number.split_whitespace().next()?.parse().ok()
}

/// Says what is done now and, afterwards, how long it took if that was noticeable.
pub(crate) fn step<T>(title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("\n== {title}");
    let start = Instant::now();
    let result = work();
    println!("   {:.1} s", start.elapsed().as_secs_f64());
    result
}

/// A command as a person would type it, long lists of files cut.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name();
    let words = program.into_iter().chain(command.get_args()).map(OsStr::to_string_lossy);
    cut(&words.collect::<Vec<_>>().join(" "))
}

/// As much of a long text as tells which one it is.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_are_read_from_both_harnesses() {
        assert_eq!(passed_in("test result: ok. 12 passed; 0 failed; 1 ignored"), Some(12));
        assert_eq!(passed_in("ℹ pass 7"), Some(7));
        assert_eq!(passed_in("test result: FAILED. 3 passed; 1 failed"), None);
        assert_eq!(passed_in("ok 3"), None);
    }

    #[test]
    fn a_failure_names_the_command() {
        let error = output(&mut command("rustc", "--no-such-option")).map_err(|error| error.to_string());
        assert!(error.is_err_and(|text| text.starts_with("`rustc --no-such-option` failed")));
    }
}
