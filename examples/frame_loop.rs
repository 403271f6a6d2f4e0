//! Background work inside a game loop: `cargo run --example frame_loop`.
//!
//! Every frame gives the pool what is left of its time, by `try_tick`, and never a poll more. Chunks of a landscape are made in
//! slices; the chunk under the player is wanted first.

use std::cell::RefCell;
use std::error::Error;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures::pending;
use millpond::{LocalExecutor, Pool, Priority};

const CHUNKS: usize = 12;
const SLICES: u64 = 40;
/// What a frame has left for background work.
const BUDGET: Duration = Duration::from_millis(2);

fn main() -> Result<(), Box<dyn Error>> {
    let ex = LocalExecutor::new();
    let pool = Pool::builder(&ex).concurrency(2).queue_capacity(64).build()?;
    let done = Rc::new(RefCell::new(Vec::new()));

    let mut chunks = Vec::new();
    for chunk in 0..CHUNKS {
        let done = Rc::clone(&done);
        chunks.push(pool.try_submit(async move {
            let mut heights = 0;
            for slice in 0..SLICES {
                heights += hills(chunk as u64, slice);
                give_way().await; // a good citizen: a slice, then the others' turn
            }
            done.borrow_mut().push(chunk);
            heights
        })?);
    }
    // The player turned round.
    assert!(chunks.get(7).is_some_and(|chunk| chunk.set_priority(Priority::Critical)));

    let (mut frames, mut longest) = (0, Duration::ZERO);
    while pool.stats().succeeded < CHUNKS as u64 {
        let start = Instant::now();
        while start.elapsed() < BUDGET && ex.try_tick() {}
        longest = longest.max(start.elapsed());
        frames += 1; // … and here the frame is drawn
    }

    let done = done.borrow();
    println!("{} chunks in {frames} frames; longest background time of a frame {longest:?}; order {done:?}", done.len());
    assert_eq!(done.len(), CHUNKS);
    assert_eq!(done.get(2), Some(&7), "right after the two that were under way");
    Ok(())
}

/// Something that takes a moment.
fn hills(chunk: u64, slice: u64) -> u64 {
    (0..2_000).fold(chunk, |sum, step| sum.wrapping_mul(31).wrapping_add(slice ^ step)) % 100
}

/// Is ready at the second poll, and asks for it at once.
async fn give_way() {
    poll_fn(|cx| {
        cx.waker().wake_by_ref();
        Poll::Ready(())
    })
    .await;
    pending!();
}
