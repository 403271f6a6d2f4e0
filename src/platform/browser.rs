//! Pages, workers, Node, Deno and Bun: microtasks and macrotasks for "poll me soon", `setTimeout` for "poll me at T".
//!
//! What the host offers is found at run time on `globalThis`. A chain of microtasks would give the page no turn, so long work hops
//! through macrotasks: `setImmediate` where it exists (Node, Deno, Bun), else a `MessageChannel` (browsers, workers), else
//! `setTimeout`. On Node and its kin a `MessageChannel` that posts to itself is drained before any timer runs, and on browsers
//! `scheduler.yield` outranks timers: neither is fair, so neither is used there.

use std::cell::Cell;
use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

/// Polls `future` in the next microtask and again after each wake.
pub(crate) fn spawn(future: impl Future<Output = ()> + 'static) {
    js_sys::futures::spawn_local(future);
}

/// Hosts keep a delay in 32 bits: one millisecond more and they fire at once.
const LONGEST_DELAY: f64 = 0x7fff_ffff as f64;

/// Wakes somebody after a while. Keeps a Node process alive, as the task that waits for it would want.
pub(crate) struct Timer {
    signal: Rc<Signal>,
    id: JsValue,
    _callback: Closure<dyn FnMut()>,
}

impl Timer {
    pub(crate) fn new(after: Duration) -> Self {
        let signal = Rc::new(Signal::default());
        let callback = signal.callback();
        let id = call("setTimeout", &[callback.as_ref(), &delay(after)]).unwrap_or_default();
        Self { signal, id, _callback: callback }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.signal.poll(cx)
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        call("clearTimeout", &[&self.id]);
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer").finish_non_exhaustive()
    }
}

/// Whole milliseconds, rounded up: a timer that fires too early only has to be armed again.
fn delay(after: Duration) -> JsValue {
    JsValue::from((after.as_secs_f64() * 1e3).ceil().min(LONGEST_DELAY))
}

/// A way to give the page a turn, found once and used for every hop.
pub(crate) struct Hops {
    signal: Rc<Signal>,
    way: Way,
    _callback: Closure<dyn FnMut()>,
}

enum Way {
    /// Post a message to a port of our own.
    Channel { from: JsValue, post: Function },
    /// Hand the callback to a function of the host.
    Schedule { with: Function, callback: JsValue },
    /// A host without any macrotask: go on in a microtask.
    Nothing,
}

impl Hops {
    pub(crate) fn new() -> Self {
        let signal = Rc::new(Signal::default());
        let callback = signal.callback();
        let way = Way::find(callback.as_ref());
        Self { signal, way, _callback: callback }
    }

    /// Ready in a later macrotask. Only one hop may be under way.
    pub(crate) async fn hop(&self) {
        if !self.way.take() {
            self.signal.fire();
        }
        poll_fn(|cx| self.signal.poll(cx)).await;
    }
}

impl Way {
    fn find(callback: &JsValue) -> Self {
        let schedule = |with| Self::Schedule { with, callback: callback.clone() };
        let immediate = || global_function("setImmediate").map(schedule);
        let channel = || if is_server() { None } else { Self::channel(callback) };
        let timeout = || global_function("setTimeout").map(schedule);
        immediate().or_else(channel).or_else(timeout).unwrap_or(Self::Nothing)
    }

    fn channel(callback: &JsValue) -> Option<Self> {
        let channel = Reflect::construct(&global_function("MessageChannel")?, &Array::new()).ok()?;
        Reflect::set(&get(&channel, "port1")?, &"onmessage".into(), callback).ok()?;
        let from = get(&channel, "port2")?;
        let post = function(&from, "postMessage")?;
        Some(Self::Channel { from, post })
    }

    /// Whether the callback will be called.
    fn take(&self) -> bool {
        match self {
            Self::Channel { from, post } => post.call1(from, &JsValue::NULL).is_ok(),
            Self::Schedule { with, callback } => with.call1(&JsValue::UNDEFINED, callback).is_ok(),
            Self::Nothing => false,
        }
    }
}

impl Drop for Hops {
    fn drop(&mut self) {
        if let Way::Channel { from, .. } = &self.way
            && let Some(close) = function(from, "close")
        {
            // Closing one port closes the other. It cannot throw, and there is nobody to tell.
            let _closed = close.call0(from);
        }
    }
}

/// Node, Deno or Bun. Jest's jsdom hides `setImmediate` from a page that runs on Node, but not `process`.
fn is_server() -> bool {
    let node = || get(&get(&get(&js_sys::global(), "process")?, "versions")?, "node");
    ["Deno", "Bun"].iter().any(|name| get(&js_sys::global(), name).is_some()) || node().is_some()
}

/// A flag that a callback of the host raises and a future waits for.
#[derive(Default)]
struct Signal {
    fired: Cell<bool>,
    waiting: Cell<Option<Waker>>,
}

impl Signal {
    fn callback(self: &Rc<Self>) -> Closure<dyn FnMut()> {
        let signal = Rc::clone(self);
        Closure::new(move || signal.fire())
    }

    fn fire(&self) {
        self.fired.set(true);
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.fired.replace(false) {
            return Poll::Ready(());
        }
        self.waiting.set(Some(cx.waker().clone()));
        Poll::Pending
    }
}

/// A property that is there: neither `undefined` nor `null`.
fn get(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &name.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}

fn function(object: &JsValue, name: &str) -> Option<Function> {
    get(object, name)?.dyn_into().ok()
}

fn global_function(name: &str) -> Option<Function> {
    function(&js_sys::global(), name)
}

/// Calls a function of the host, if it has it. What it throws has nobody to go to.
fn call(name: &str, arguments: &[&JsValue]) -> Option<JsValue> {
    let arguments: Array = arguments.iter().copied().collect();
    global_function(name)?.apply(&JsValue::UNDEFINED, &arguments).ok()
}
