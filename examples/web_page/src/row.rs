//! A row of the list: a file's name, how far it is, and a button that has it come first.

use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, HtmlProgressElement};

use crate::{Outcome, document};

const PARTS: &str = "<span></span><progress value=0></progress><output>waiting</output><button type=button>First</button>";

/// Clones are the same row.
#[derive(Clone)]
pub(crate) struct Row {
    item: Element,
    bar: HtmlProgressElement,
    state: Element,
}

impl Row {
    /// Adds one to the list.
    pub(crate) fn new(url: &str) -> Outcome<Self> {
        let item = document()?.create_element("li")?;
        item.set_inner_html(PARTS);
        let part = |name| Ok::<_, JsValue>(item.query_selector(name)?.ok_or("no such part")?);
        part("span")?.set_text_content(url.rsplit('/').next().and_then(|name| name.split('?').next()));
        let row = Self { bar: part("progress")?.unchecked_into(), state: part("output")?, item: item.clone() };
        document()?.get_element_by_id("files").ok_or("no list")?.append_child(&item)?;
        Ok(row)
    }

    /// Has it do something when it is to come first.
    pub(crate) fn on_first(&self, action: impl FnMut() + 'static) -> Outcome<()> {
        on_click(&self.item.query_selector("button")?.ok_or("no button")?, action)
    }

    /// How it stands, from its start on.
    pub(crate) fn show(&self, text: &str) {
        self.state.set_text_content(Some(text));
        // What has started cannot come first any more.
        if let Ok(Some(button)) = self.item.query_selector("button") {
            button.remove();
        }
    }

    /// How many bytes are there, of how many if that is known.
    pub(crate) fn progress(&self, bytes: u32, length: Option<f64>) {
        self.bar.set_max(length.unwrap_or_else(|| f64::from(bytes) * 2.0));
        self.bar.set_value(bytes.into());
    }
}

/// The closure stays for as long as the page.
pub(crate) fn on_click(element: &Element, action: impl FnMut() + 'static) -> Outcome<()> {
    let action = Closure::<dyn FnMut()>::new(action).into_js_value();
    element.dyn_ref::<HtmlElement>().ok_or("not to be clicked")?.set_onclick(Some(action.unchecked_ref()));
    Ok(())
}
