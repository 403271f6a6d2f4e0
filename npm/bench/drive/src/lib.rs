//! What `npm/bench/drive.mjs` measures of the crate: a page drives the executor, which has all its tasks ready.

#![cfg(all(target_family = "wasm", target_os = "unknown"))]

use std::cell::Cell;
use std::rc::Rc;

use js_sys::Function;
use millpond::LocalExecutor;
use wasm_bindgen::prelude::*;

/// An executor with tasks that nobody drives yet.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Pump {
    ex: LocalExecutor,
}

#[wasm_bindgen]
impl Pump {
    /// So many tasks that each call `work` once; the last one calls `done`.
    #[wasm_bindgen(constructor)]
    pub fn new(chunks: u32, work: Function, done: Function) -> Self {
        let ex = LocalExecutor::new();
        let left = Rc::new(Cell::new(chunks));
        for _ in 0..chunks {
            let (work, done, left) = (work.clone(), done.clone(), Rc::clone(&left));
            drop(ex.spawn(async move {
                work.call0(&JsValue::UNDEFINED)?;
                left.set(left.get() - 1);
                if left.get() == 0 { done.call0(&JsValue::UNDEFINED) } else { Ok(JsValue::UNDEFINED) }
            }));
        }
        Self { ex }
    }

    /// From here on the page drives it.
    pub fn start(&self) {
        self.ex.drive();
    }
}
