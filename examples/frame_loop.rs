//! Background work inside a game loop: `cargo run --example frame_loop`.
//!
//! Every frame gives the pool what is left of its time, by `try_tick`, and never a poll more. Chunks of a landscape are made in
//! slices; the chunk under the player is wanted first. The executor's clock is the game's own: it stands still while the game is
//! paused, and with it every sleep and every timeout, but work goes on.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures::pending;
use millpond::{LocalExecutor, ManualClock, Pool, Priority};

const CHUNKS: usize = 12;
const SLICES: u64 = 40;
const FRAME: Duration = Duration::from_millis(16);
/// What a frame has left for background work.
const BUDGET: Duration = Duration::from_millis(2);
const SPELL: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn Error>> {
    let game_time = ManualClock::new();
    let ex = LocalExecutor::with_clock(game_time.clone());
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
    // A spell that lasts ten seconds of the game.
    let (spell, is_over) = (ex.sleep(SPELL), Rc::new(Cell::new(false)));
    let over = Rc::clone(&is_over);
    drop(ex.spawn(async move {
        spell.await;
        over.set(true);
    }));
    // The player turned round.
    assert!(chunks.get(7).is_some_and(|chunk| chunk.set_priority(Priority::Critical)));

    let (mut frames, mut longest) = (0, Duration::ZERO);
    let mut frame = |is_paused: bool| {
        if !is_paused {
            game_time.advance(FRAME);
        }
        let start = Instant::now();
        while start.elapsed() < BUDGET && ex.try_tick() {}
        longest = longest.max(start.elapsed());
        frames += 1; // … and here the frame is drawn
    };

    // The game is paused until all is loaded.
    while pool.stats().succeeded < CHUNKS as u64 {
        frame(true);
    }
    assert_eq!(ex.now(), Duration::ZERO, "no time has passed in the game");
    while !is_over.get() {
        frame(false);
    }

    let done = done.borrow();
    println!("{} chunks, in the order {done:?}; the spell is over after {:?} of the game", done.len(), ex.now());
    println!("{frames} frames; background work took {longest:?} of a frame at most");
    assert_eq!((done.len(), done.get(2)), (CHUNKS, Some(&7)), "right after the two that were under way");
    assert!(ex.now() >= SPELL && frames > 625, "ten seconds are 625 frames; the loading took some more");
    Ok(())
}

/// Something that takes a moment.
fn hills(chunk: u64, slice: u64) -> u64 {
    (0..20_000).fold(chunk, |sum, step| sum.wrapping_mul(31).wrapping_add(slice ^ step)) % 100
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
