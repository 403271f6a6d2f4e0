//! A page in Rust that fetches two files at a time, whatever it is asked for. No npm package, no JavaScript of its own.
//!
//! `cargo xtask web-page` builds and serves it; `wasm-bindgen --target web`, wasm-pack or trunk bind it as well. What there is to see:
//! `drive` lets the page drive the executor, a pool limits, a permit is held until the body is read, and what waits can be told to
//! come first. Everything is in one task per file, which draws its own row.

#![cfg(all(target_family = "wasm", target_os = "unknown"))]

mod row;

use std::time::Duration;

use js_sys::{Array, Uint8Array};
use millpond::{LocalExecutor, Pool, Priority};
use wasm_bindgen::prelude::*;
use web_sys::{Document, ReadableStreamDefaultReader, ReadableStreamReadResult, Response, Window};

use row::{Row, on_click};

const AT_ONCE: u32 = 2;

type Outcome<T> = Result<T, JsValue>;

#[wasm_bindgen(start)]
fn main() -> Outcome<()> {
    let ex = LocalExecutor::new();
    ex.drive(); // from here on the page drives it
    let pool = Pool::builder(&ex).concurrency(AT_ONCE).unbounded_queue().build().map_err(js)?;

    // The page holds on to the executor and the pool through this button.
    let start = document()?.get_element_by_id("start").ok_or("no button")?;
    let button = start.clone();
    on_click(&start, move || {
        button.set_attribute("disabled", "").unwrap_or_default();
        let (ex, pool) = (ex.clone(), pool.clone());
        drop(ex.clone().spawn(async move {
            let end = download_all(&ex, &pool).await.map_or_else(|error| format!("failed: {error:?}"), |()| "done".to_owned());
            say(&end)
        }));
    })
}

/// A task for each file of the list; the numbers below it are looked up ten times a second.
async fn download_all(ex: &LocalExecutor, pool: &Pool) -> Outcome<()> {
    let list = get("files.json").await?.json()?.await?;
    for url in Array::from(&list).iter().filter_map(|url| url.as_string()) {
        let row = Row::new(&url)?;
        let task = pool.try_submit(download(url, row.clone())).map_err(js)?;
        // The handle lives in the button. Dropping it would not stop the task either.
        row.on_first(move || {
            task.set_priority(Priority::High);
        })?;
    }
    loop {
        let stats = pool.stats();
        say(&format!("{} waiting, {} running, {} ended", stats.waiting, stats.running, stats.succeeded))?;
        if stats.waiting + stats.running == 0 {
            return Ok(());
        }
        ex.sleep(Duration::from_millis(100)).await;
    }
}

/// What the pool runs.
async fn download(url: String, row: Row) {
    row.show("running");
    match read(&url, &row).await {
        Ok(bytes) => row.show(&format!("done: {bytes} bytes")),
        Err(error) => row.show(&format!("failed: {error:?}")),
    }
}

/// Reads the body to its end: only then does the permit go to the next file, and so the server never has more than two to work on.
async fn read(url: &str, row: &Row) -> Outcome<u32> {
    let response = get(url).await?;
    let length = response.headers().get("content-length")?.and_then(|length| length.parse().ok());
    let reader: ReadableStreamDefaultReader = response.body().ok_or("no body")?.get_reader().unchecked_into();
    let mut bytes = 0;
    loop {
        let piece: ReadableStreamReadResult = reader.read().await?.unchecked_into();
        if piece.get_done() == Some(true) {
            return Ok(bytes);
        }
        bytes += Uint8Array::new(&piece.get_value()).length();
        row.progress(bytes, length);
    }
}

async fn get(url: &str) -> Outcome<Response> {
    let response: Response = window()?.fetch_with_str(url).await?.dyn_into()?;
    if response.ok() { Ok(response) } else { Err(response.status_text().into()) }
}

/// One line for all.
fn say(text: &str) -> Outcome<()> {
    document()?.get_element_by_id("state").ok_or("no line")?.set_text_content(Some(text));
    Ok(())
}

fn window() -> Outcome<Window> {
    Ok(web_sys::window().ok_or("no window")?)
}

fn document() -> Outcome<Document> {
    Ok(window()?.document().ok_or("no document")?)
}

fn js(error: impl std::error::Error) -> JsValue {
    JsError::new(&error.to_string()).into()
}
