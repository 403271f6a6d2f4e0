//! The benches that measure time; see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    millpond_benches::time()
}
