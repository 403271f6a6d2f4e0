//! How much is measured: everything, or a tenth of it.

/// What `--quick` decides.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) quick: bool,
}

impl Plan {
    /// How many tasks.
    pub(crate) fn count(self, whole: u64) -> u64 {
        if self.quick { whole / 10 } else { whole }
    }

    /// How many rounds.
    pub(crate) fn rounds(self, whole: u32) -> u32 {
        if self.quick { whole.min(3) } else { whole }
    }
}

/// The points of a curve from 1,000 on, each ten times the one before.
pub(crate) fn decades(last: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(1_000), |at| Some(at * 10)).take_while(move |&at| at <= last)
}

/// A count as it is written in a title.
pub(crate) fn spell(count: u64) -> String {
    match count {
        1_000_000.. if count.is_multiple_of(1_000_000) => format!("{} M", count / 1_000_000),
        1_000.. if count.is_multiple_of(1_000) => format!("{} k", count / 1_000),
        _ => count.to_string(),
    }
}
