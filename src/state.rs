//! The heart: who may start now, who waits, until when. Plain data in, plain data out.
//!
//! Nothing here knows a waker, a future, a time source or JavaScript: every call takes `now` and says what to do next.
//! Both faces drive the same machine, [`Pond`]: the Rust one with futures, the JavaScript one with integers.
//! Nothing here panics: a stale or foreign id is answered, not indexed.
//!
//! ```text
//!  pond ─┬─> lane ──> line ──> heap, list     a pond is a set of lanes under one shared cap
//!        ├─> deadlines ─────> heap           slab and heap keep whatever there is in a few tables of the pond:
//!        └─> slab, table, counts, time       no lane and no task has memory of its own
//! ```

pub(crate) mod counts;
pub(crate) mod deadlines;
pub(crate) mod grow;
pub(crate) mod heap;
mod lane;
mod line;
mod list;
mod pond;
pub(crate) mod rate;
pub(crate) mod scale;
pub(crate) mod slab;
mod table;
mod time;

pub(crate) use counts::{Counter, Counts, Outcome};
pub(crate) use deadlines::Phase;
pub(crate) use lane::LaneOptions;
pub(crate) use pond::{Due, Expiry, Offer, Pond, Refused, Submitted};
pub(crate) use rate::Even;
pub(crate) use slab::Id;
pub(crate) use time::Time;
